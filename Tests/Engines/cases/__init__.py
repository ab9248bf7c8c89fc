"""The cases, in the table's order. To add one, add an entry to its engine's list."""

from cases.buildah import BUILDAH
from cases.containerd import CONTAINERD
from cases.cri_containers import CONTAINERS
from cases.cri_exec import EXEC
from cases.cri_pods import PODS
from cases.cri_security import SECURITY
from cases.cri_users import USERS
from cases.docker import LIFE
from cases.docker_isolation import ISOLATION

CASES = LIFE + ISOLATION + CONTAINERD + BUILDAH + PODS + CONTAINERS + EXEC + SECURITY + USERS
