"""Linear algebra on one thread, where arrays are small and a second thread waits longer than it works.

OpenBLAS spins while it waits: beside another busy process a fast fit took three to seven times as long on two threads
as on one, and four to six times the processor's time. So every entry to the engine, and to what is made of its draws,
is decorated; nested, that costs 25 microseconds. OpenBLAS keeps its limit for the whole process: the host's own is put
back on the way out. Where the host fits in threads that leave in another order than they came, it may be left with one.
"""

from __future__ import annotations

from threadpoolctl import threadpool_limits

# looks for libraries again only once more modules are loaded
one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")
