// The codec, and reading floats.
#define CODEC_FLOAT_IN
#include "codec.h"

void setup() { readAndWrite(); }
void loop() {}
