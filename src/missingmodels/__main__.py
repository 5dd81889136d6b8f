"""``python -m missingmodels``."""

from missingmodels.cli import main

if __name__ == "__main__":
    main()
