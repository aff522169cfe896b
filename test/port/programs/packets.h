/* Erlang's {packet,N} by hand, as small port programs have it. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned prefix_bytes = 2;

static int read_all(uint8_t *to, size_t bytes) {
  while (bytes > 0) {
    ssize_t n = read(0, to, bytes);
    if (n <= 0) return 0;
    to += n;
    bytes -= (size_t)n;
  }
  return 1;
}

static void write_all(const uint8_t *from, size_t bytes) {
  while (bytes > 0) {
    ssize_t n = write(1, from, bytes);
    if (n <= 0) exit(9);
    from += n;
    bytes -= (size_t)n;
  }
}

/* Fills `packet` with prefix and content; returns the content's length, or -1 at the end of the input. */
static long read_packet(uint8_t *packet, size_t capacity) {
  size_t length = 0;
  if (!read_all(packet, prefix_bytes)) return -1;
  for (unsigned i = 0; i < prefix_bytes; i++) length = length << 8 | packet[i];
  if (prefix_bytes + length > capacity || !read_all(packet + prefix_bytes, length)) return -1;
  return (long)length;
}

static void write_prefix(size_t length) {
  uint8_t prefix[4];
  for (unsigned i = 0; i < prefix_bytes; i++) prefix[i] = (uint8_t)(length >> 8 * (prefix_bytes - 1 - i));
  write_all(prefix, prefix_bytes);
}

static void write_packet(const uint8_t *content, size_t length) {
  write_prefix(length);
  write_all(content, length);
}
