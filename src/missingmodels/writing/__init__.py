"""The one way in which this package writes: everything that a command makes appears together, or not at all.

*Place.* Whatever is written has a place, a folder or a file. A link is written through: its target is the place.

*Claim.* A command claims its place before any work, so that a second one is refused at once instead of after its hours.
The claim is a lock that the operating system keeps (``flock``; ``msvcrt`` on Windows) on ``.NAME.lock`` beside the
place: it ends with the process, however that ends, so no claim is ever stale and no process number is ever taken for
another's. On NFS Linux hands the lock to the server, so that machines see each other's; where a file system keeps no
locks this is said and the work goes on. Power studies, which many processes fill, share their claim.

*Staging.* Files are made in a hidden part, ``.NAME.TOKEN.part``, of the same file system: beside a folder that is
replaced as a whole, inside one in which some files are renewed. They are flushed to the disk, and then a journal in the
part says what goes where: this is the moment from which the work counts. A folder is exchanged for the old one in one
step where the system can (Linux), by two renames elsewhere; files are renamed one by one, which takes a moment. Signals
wait until this is done.

*Recovery.* Whoever claims a place next owns all parts that lie there, as their writers are gone. A part with a journal
is completed, one without is removed, and either is said. A rename is a thing that every system has, and doing it again
is harmless: so a journal serves Linux, macOS and Windows alike, and folders that others write into as well, which an
exchange of whole folders does not.

*Privacy.* New folders are for their owner alone (0700) and nothing widens the umask. An existing folder keeps its mode
and group: to share one, make it first (``mkdir -m 2750 run``). Files are readable by no more than their folder.
"""

from missingmodels.writing.checks import MANIFEST, require_free, require_new, require_place
from missingmodels.writing.claims import claim
from missingmodels.writing.places import parts_of, target_of
from missingmodels.writing.publish import undisturbed, written
from missingmodels.writing.whole import whole_file, whole_folder, write_together, write_whole

__all__ = [
    "MANIFEST",
    "claim",
    "parts_of",
    "require_free",
    "require_new",
    "require_place",
    "target_of",
    "undisturbed",
    "whole_file",
    "whole_folder",
    "write_together",
    "write_whole",
    "written",
]
