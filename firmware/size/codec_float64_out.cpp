// The codec, and writing f64.
#define CODEC_FLOAT64_OUT
#include "codec.h"

void setup() { readAndWrite(); }
void loop() {}
