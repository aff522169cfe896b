# For PlatformIO's env:tests, after its platform has set itself up: the linker needs -fsanitize too, and SCons gives it to the compiler
# alone.
Import("env")  # noqa: F821

sanitizers = [flag for flag in env["CCFLAGS"] if str(flag).startswith("-fsanitize=")]  # noqa: F821
env.AppendUnique(LINKFLAGS=sanitizers)  # noqa: F821
