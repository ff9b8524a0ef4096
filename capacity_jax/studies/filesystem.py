"""On what kind of filesystem a file lies: SQLite shares memory between processes, which machines cannot."""

from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "9p", "afs")


def network_filesystem(file: Path) -> str | None:
    """The kind of the network's filesystem that holds the file, such as nfs4; None on a disk, or where none can tell.

    Example:
      >>> from pathlib import Path
      >>> from capacity_jax.studies.filesystem import network_filesystem
      >>> network_filesystem(Path("/proc/self/mounts"))
    """
    try:
        mounts = [line.split() for line in MOUNTS.read_text().splitlines()]
    except OSError:
        return None
    place, depth, kind = file.resolve(), 0, ""
    for _, mount, of_mount, *_ in mounts:
        # The deepest counts, and of several on one place the last.
        at = Path(mount.replace("\\040", " "))
        if place.is_relative_to(at) and len(at.parts) >= depth:
            depth, kind = len(at.parts), of_mount
    return kind if kind.removeprefix("fuse.") in NETWORK else None
