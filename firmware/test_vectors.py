# For PlatformIO's env:tests, before its platform sets itself up: the header of shared vectors that firmware/test/test_native reads.
# Node.js writes it from test/vectors, which the host's tests read too.
import shutil
import subprocess
import sys

Import("env")  # noqa: F821

HEADER = "build/firmware/tests/vectors.h"

node = shutil.which("node")
if node is None:
    sys.stderr.write("env:tests needs Node.js 20.19 or later in the PATH: it writes %s from test/vectors\n" % HEADER)
    env.Exit(1)  # noqa: F821
command = [node, "scripts/firmware/vectors.mjs", HEADER]
if subprocess.call(command, cwd=env.subst("$PROJECT_DIR")) != 0:  # noqa: F821
    sys.stderr.write("env:tests: %s has failed, and %s may be missing or old\n" % (" ".join(command), HEADER))
    env.Exit(1)  # noqa: F821
