/* Sends back each byte through two rings, as Arduino's Serial does: the ISR of an empty ring clears UDRIE. */
#include "uart.h"

#define MASK 63

static volatile uint8_t in[64], out[64];
static volatile uint8_t inHead, inTail, outHead, outTail;

ISR(USART_RX_vect) {
  uint8_t byte = UDR0;
  uint8_t next = (inHead + 1) & MASK;
  if (next == inTail) return;
  in[inHead] = byte;
  inHead = next;
}

ISR(USART_UDRE_vect) {
  if (outHead == outTail) {
    UCSR0B &= ~_BV(UDRIE0);
    return;
  }
  UDR0 = out[outTail];
  outTail = (outTail + 1) & MASK;
}

int main(void) {
  uartBegin(_BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0));
  sei();
  for (;;) {
    if (inHead == inTail) continue;
    uint8_t next = (outHead + 1) & MASK;
    if (next == outTail) continue;
    out[outHead] = in[inTail];
    inTail = (inTail + 1) & MASK;
    outHead = next;
    UCSR0B |= _BV(UDRIE0);
  }
}
