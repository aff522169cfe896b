// Not a size: a board whose loop() does not return for a while, again and again, over the core's own HardwareSerial and its ring of
// 64 bytes. What finds that ring full is kept, by its place among all bytes that came, and told when it is asked for.
#include <Arduino.h>
#include <HardwareSerial_private.h>
#include <portwire.h>

/// Serial under another name, so that the file of the core that defines its interrupts stays out.
class WatchedSerial : public HardwareSerial {
 public:
  static constexpr uint8_t kPlaces = 64;
  struct Loss {
    uint32_t position;
    uint8_t bytes;
  };

  WatchedSerial() : HardwareSerial(&UBRR0H, &UBRR0L, &UCSR0A, &UCSR0B, &UCSR0C, &UDR0) {}

  /// The core's own interrupt, and a look at whether it took the byte.
  void received() {
    const uint8_t before = _rx_buffer_head;
    _rx_complete_irq();
    if (_rx_buffer_head == before) lost();
    ++position_;
  }

  uint8_t losses() const { return count_; }
  /// The oldest, which is then forgotten. One at a time: more than two characters must not come while the interrupt is off.
  Loss take() {
    const uint8_t flags = SREG;
    cli();
    const Loss loss = losses_[first_];
    first_ = next(first_, 1);
    --count_;
    SREG = flags;
    return loss;
  }
  /// Losses for which there was no place.
  uint8_t untold() const { return untold_; }

 private:
  static uint8_t next(uint8_t place, uint8_t by) { return static_cast<uint8_t>((place + by) % kPlaces); }

  void lost() {
    if (count_ != 0) {
      Loss& last = losses_[next(first_, static_cast<uint8_t>(count_ - 1))];
      if (last.position + last.bytes == position_ && last.bytes != 0xFF) {
        ++last.bytes;
        return;
      }
    }
    if (count_ < kPlaces)
      losses_[next(first_, count_++)] = {position_, 1};
    else if (untold_ != 0xFF)
      ++untold_;
  }

  uint32_t position_ = 0;
  uint8_t first_ = 0;
  uint8_t count_ = 0;
  uint8_t untold_ = 0;
  Loss losses_[kPlaces];
};

static WatchedSerial serial;
ISR(USART_RX_vect) { serial.received(); }
ISR(USART_UDRE_vect) { serial._tx_udr_empty_irq(); }

struct Contract : portwire::ContractBase {
  static constexpr uint32_t kHash = 0x82A7EA4B;
  static constexpr uint8_t kActions = 4;
  static constexpr uint8_t kIndexes = 6;
};
constexpr portwire::Action<0, portwire::Bytes<48>(portwire::Bytes<48>)> kEcho = {};
constexpr portwire::Action<1, void(portwire::Bytes<48>)> kNote = {};
constexpr portwire::Action<2, void(uint16_t)> kBlock = {};
constexpr portwire::Action<3, portwire::Bytes<56>()> kTakeLosses = {};
constexpr portwire::AcknowledgedEvent<4, uint32_t> kAlarm = {};
constexpr portwire::Request<5, uint32_t(uint32_t)> kAsk = {};

static portwire::Device<portwire::ArduinoLine<WatchedSerial>, Contract, portwire::AcknowledgedEvents<6, 6>, portwire::Requests<1, 6>>
    port;
static uint16_t blockMs;
static bool asking;

static portwire::Bytes<48> echo(portwire::Bytes<48> data) { return data; }
static void note(portwire::Bytes<48>) {}
static void block(uint16_t ms) { blockMs = ms; }

/// Up to eleven times position (u32, little-endian) and number of bytes; in front how many had no place.
static portwire::Bytes<56> takeLosses() {
  static uint8_t told[56];
  uint8_t at = 0;
  told[at++] = serial.untold();
  for (uint8_t count = serial.losses() < 11 ? serial.losses() : uint8_t(11); count > 0; --count) {
    const WatchedSerial::Loss loss = serial.take();
    for (uint8_t shift = 0; shift < 32; shift = static_cast<uint8_t>(shift + 8))
      told[at++] = static_cast<uint8_t>(loss.position >> shift);
    told[at++] = loss.bytes;
  }
  return {told, at};
}

static void answered(const portwire::Answer<uint32_t>&) { asking = false; }

void setup() {
  serial.begin(115200);
  port.on(kEcho, echo);
  port.on(kNote, note);
  port.on(kBlock, block);
  port.on(kTakeLosses, takeLosses);
  port.begin(serial);
}

void loop() {
  constexpr uint8_t kServedMs = 12;
  static uint32_t servedFromMs = 0;
  static uint32_t number = 0;
  port.poll();
  if (blockMs == 0 || millis() - servedFromMs < kServedMs) return;
  portwire::ignore(port.emit(kAlarm, number));
  if (!asking && port.inSession()) asking = port.ask(kAsk, 2000, answered, number);
  ++number;
  delay(blockMs);
  servedFromMs = millis();
}
