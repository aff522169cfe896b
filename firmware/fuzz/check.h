// What a fuzz target says when a promise is broken: libFuzzer keeps the input.
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define FUZZ_CHECK(holds)                                                \
  do {                                                                   \
    if (holds) break;                                                    \
    fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #holds);  \
    abort();                                                             \
  } while (false)

#endif
