// The codec, and writing floats.
#define CODEC_FLOAT_OUT
#include "codec.h"

void setup() { readAndWrite(); }
void loop() {}
