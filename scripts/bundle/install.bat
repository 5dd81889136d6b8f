@echo off
rem Install missingmodels from this folder, without a network, into an environment of its own:  install.bat [FOLDER]
rem The version of Python has to be the one that this folder's name says.
setlocal
set "target=%~1"
if "%target%"=="" set "target=missingmodels-env"
if exist "%target%" (echo %target% is there already; name another folder, or remove it. & exit /b 1)
where py >nul 2>nul && (set "python=py") || (set "python=python")
%python% -m venv "%target%" || exit /b 1
"%target%\Scripts\python" -m pip install --quiet --no-input --disable-pip-version-check --no-index --no-deps --no-compile --find-links "%~dp0wheels" --require-hashes -r "%~dp0requirements.txt" || (rmdir /s /q "%target%" & echo Nothing was installed. & exit /b 1)
echo Installed. Run: %target%\Scripts\missingmodels --help
