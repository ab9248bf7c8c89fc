internal import Container
internal import Glibc

exit(Program.run())
