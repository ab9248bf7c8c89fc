"""Buildah: the steps of a build."""

from cases.case import Case

IN = "in_container $C "
BUILDAH = [
    Case("run", "buildah", IN + "echo hi", "hi"),
    Case("run: status of the program", "buildah", IN + "sh -c 'exit 42'", err="42", status=42),
    Case("run: no such program", "buildah", IN + "/nope", err="no such file|not found", status=1),
    Case("run: terminal", "buildah",
         "script -qec \"buildah run --isolation oci --runtime $RUNTIME --network none -t $C tty\" /dev/null",
         "[\\^@\\s]*/dev/(pts/0|console)[\\^@\\s]*"),
    Case("run: user", "buildah", "in_container --user user $C id -u", "1000"),
    Case("run: volume", "buildah",
         "mkdir -p $WORK/v; echo x > $WORK/v/f; in_container -v $WORK/v:/v:ro $C cat /v/f", "x"),
    Case("run: capability", "buildah", "in_container --cap-add CAP_NET_ADMIN $C echo ok", "ok"),
    Case("run: changes are kept", "buildah", IN + "touch /made; " + IN + "ls /made", "/made"),
    Case("bud", "buildah", "mkdir -p $WORK/b; printf 'FROM %s\\nRUN echo x > /made\\nUSER user\\nRUN id -u\\n' $IMAGE"
         " > $WORK/b/Dockerfile; bud -q -t made $WORK/b >/dev/null && "
         "C=$(e from --pull-never localhost/made) && " + IN + "cat /made", "x"),
    Case("bud: a failing step", "buildah",
         "mkdir -p $WORK/b; printf 'FROM %s\\nRUN exit 9\\n' $IMAGE > $WORK/b/Dockerfile; bud -q $WORK/b",
         err="9", status=9),
]
