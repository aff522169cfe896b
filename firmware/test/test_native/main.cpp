// PlatformIO counts what the tests print, those that pass too, and not their exit code.
#define DOCTEST_CONFIG_IMPLEMENT
#include "support.h"

int main(int argc, char** argv) {
  doctest::Context context;
#ifdef PIO_UNIT_TESTING
  context.setOption("success", true);
  context.setOption("no-exitcode", true);
#endif
  context.applyCommandLine(argc, argv);
  return context.run();
}
