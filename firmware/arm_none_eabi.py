# For PlatformIO's env:cortex_m3, after its platform `native` has set itself up: the cross compiler in the place of the native one, in
# the environments of the project, of its sources and of its libraries, and a raw image beside the program.
Import("env", "projenv")  # noqa: F821

for each in [env, projenv] + [library.env for library in env.GetLibBuilders()]:  # noqa: F821
    each.Replace(
        AR="arm-none-eabi-gcc-ar",
        AS="arm-none-eabi-gcc",
        CC="arm-none-eabi-gcc",
        CXX="arm-none-eabi-g++",
        LINK="arm-none-eabi-gcc",
        OBJCOPY="arm-none-eabi-objcopy",
        RANLIB="arm-none-eabi-gcc-ranlib",
        SIZETOOL="arm-none-eabi-size",
    )

env.Append(LINKFLAGS=env.GetProjectOption("custom_link_flags").split())  # noqa: F821
env.AddPostAction(  # noqa: F821
    "$BUILD_DIR/${PROGNAME}",
    env.VerboseAction("$OBJCOPY -O binary $BUILD_DIR/${PROGNAME} $BUILD_DIR/${PROGNAME}.bin", "Building the image"),  # noqa: F821
)
