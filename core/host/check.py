"""Does the Go library load here? `python -m core.host.check` prints its version; used by the doctor."""

from core.host import library

if __name__ == '__main__':
    library.load()
    print(library.version())
