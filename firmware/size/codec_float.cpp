// The codec, with floats each way.
#define CODEC_FLOAT_IN
#define CODEC_FLOAT_OUT
#include "codec.h"

void setup() { readAndWrite(); }
void loop() {}
