"""The cases, in the table's order. To add one, add an entry to its engine's list."""

from cases.buildah import BUILDAH
from cases.containerd import CONTAINERD
from cases.docker import LIFE
from cases.docker_isolation import ISOLATION

CASES = LIFE + ISOLATION + CONTAINERD + BUILDAH
