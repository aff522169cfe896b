// The program at the other end of every row: answers `length u16 | action | value` by `length u16 | value`, as a port program in
// C does that reads what has come and answers all of it with one write.
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { kPrefixBytes = 2, kActionBytes = 1, kBufferBytes = 2 * 65536 };

static uint8_t input[kBufferBytes];
static uint8_t output[kBufferBytes];

static int writeAll(const uint8_t *bytes, size_t count) {
  while (count > 0) {
    const ssize_t written = write(STDOUT_FILENO, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return -1;
    bytes += written;
    count -= (size_t)written;
  }
  return 0;
}

int main(void) {
  size_t held = 0;
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, input + held, sizeof input - held);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return 0;
    held += (size_t)count;
    size_t at = 0, out = 0;
    while (held - at >= kPrefixBytes) {
      const size_t length = (size_t)(input[at] << 8 | input[at + 1]);
      if (length < kActionBytes) return 1;
      if (held - at < kPrefixBytes + length) break;
      const size_t answer = length - kActionBytes;
      output[out] = (uint8_t)(answer >> 8);
      output[out + 1] = (uint8_t)answer;
      memcpy(output + out + kPrefixBytes, input + at + kPrefixBytes + kActionBytes, answer);
      out += kPrefixBytes + answer;
      at += kPrefixBytes + length;
    }
    memmove(input, input + at, held - at);
    held -= at;
    if (writeAll(output, out) != 0) return 1;
  }
}
