/* A port program as they have been written for decades, with every habit that a host has to live with.
   peer PREFIX_BYTES [TEXT]: TEXT is printed before the first packet. */

#include "packets.h"
#include <string.h>

enum {
  ECHO,      /* answers its value */
  HOLD,      /* answers its value only when the next request has come */
  CRASH,     /* exits with status 3 and no answer */
  EMPTY,     /* answers a packet without content */
  EXCESS,    /* answers 01 02 */
  BIG,       /* answers bin of so many bytes */
  HALF_EXIT, /* answers half a packet and exits with status 0 */
  HALF_HANG, /* answers half a packet and nothing any more */
  DONE,      /* answers 0 */
  NIL,       /* answers nil */
  FAIL,      /* answers ["error", "why"] */
  TWICE,     /* answers 1, and then a packet that nobody asked for */
  REQUEST,   /* answers bin of the whole request as it came, prefix included */
  NEVER,     /* does not answer */
  LIE,       /* announces as much as the prefix can say */
  PID,       /* answers its process id */
  SLOW,      /* answers 0 after so many ms */
  LENGTH,    /* answers the length of the request's content */
  HALF,      /* answers half a packet, and whole ones from then on */
};

static uint8_t packet[4 + (1 << 21)];
static uint8_t answer[5 + (1 << 21)];
static uint8_t held[1 << 16];

static uint32_t number(const uint8_t *value) {
  unsigned bytes = value[0] == 0xcc ? 1 : value[0] == 0xcd ? 2 : value[0] == 0xce ? 4 : 0;
  uint32_t n = bytes == 0 ? value[0] : 0;
  for (unsigned i = 1; i <= bytes; i++) n = n << 8 | value[i];
  return n;
}

static void write_u32(uint32_t n) {
  uint8_t value[5] = {0xce, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
  write_packet(value, 5);
}

static void write_bin(const uint8_t *from, uint32_t bytes) {
  answer[0] = 0xc6;
  for (int i = 0; i < 4; i++) answer[1 + i] = (uint8_t)(bytes >> 8 * (3 - i));
  if (from) memcpy(answer + 5, from, bytes);
  else memset(answer + 5, 0xa5, bytes);
  write_packet(answer, 5 + (size_t)bytes);
}

int main(int argc, char **argv) {
  long held_bytes = 0;
  if (argc > 1) prefix_bytes = (unsigned)atoi(argv[1]);
  if (argc > 2) write_all((const uint8_t *)argv[2], strlen(argv[2]));
  for (;;) {
    long length = read_packet(packet, sizeof packet);
    if (length < 1) return 0;
    const uint8_t *value = packet + prefix_bytes + 1;
    size_t value_bytes = (size_t)length - 1;
    if (held_bytes > 0) write_packet(held, (size_t)held_bytes);
    held_bytes = 0;
    switch (packet[prefix_bytes]) {
      case ECHO: write_packet(value, value_bytes); break;
      case HOLD:
        held_bytes = (long)value_bytes;
        memcpy(held, value, value_bytes);
        break;
      case CRASH: return 3;
      case EMPTY: write_packet(value, 0); break;
      case EXCESS: write_packet((const uint8_t *)"\x01\x02", 2); break;
      case BIG: write_bin(NULL, number(value)); break;
      case HALF_EXIT:
        write_prefix(10);
        write_all((const uint8_t *)"\xa9half", 5);
        return 0;
      case HALF_HANG:
        write_prefix(10);
        write_all((const uint8_t *)"\xa9half", 5);
        while (read_packet(packet, sizeof packet) >= 0) {}
        return 0;
      case DONE: write_packet((const uint8_t *)"\x00", 1); break;
      case NIL: write_packet((const uint8_t *)"\xc0", 1); break;
      case FAIL: write_packet((const uint8_t *)"\x92\xa5" "error" "\xa3" "why", 11); break;
      case TWICE:
        write_packet((const uint8_t *)"\x01", 1);
        write_packet((const uint8_t *)"\xa5" "event", 6);
        break;
      case REQUEST: write_bin(packet, (uint32_t)(prefix_bytes + (unsigned)length)); break;
      case NEVER: break;
      case LIE:
        write_all((const uint8_t *)"\xff\xff\xff\xff", prefix_bytes);
        break;
      case PID: write_u32((uint32_t)getpid()); break;
      case SLOW:
        usleep(number(value) * 1000);
        write_packet((const uint8_t *)"\x00", 1);
        break;
      case HALF:
        write_prefix(10);
        write_all((const uint8_t *)"\xa9half", 5);
        break;
      case LENGTH: write_u32((uint32_t)length); break;
      default: write_packet((const uint8_t *)"\x92\xa5" "error" "\xa6" "badarg", 14);
    }
  }
}
