// The probe as a program: questions on stdin, answers on stdout.
#include <stdio.h>
#include <stdlib.h>

#include "probe.h"

struct Stdio {
  uint8_t read() {
    const int byte = getchar();
    if (byte != EOF) return static_cast<uint8_t>(byte);
    fflush(stdout);
    exit(0);
  }
  void write(uint8_t byte) { putchar(byte); }
};

int main() {
  static Stdio io;
  static probe::Probe<Stdio, 8192> probe(io);
  for (;;) probe.answer();
}
