// The line of the program `greenhouse`: bare packets or frames, as its options say.
#ifndef GREENHOUSE_BOARD_NATIVE_H
#define GREENHOUSE_BOARD_NATIVE_H

#include <portwire.h>

namespace board {

/// One of both framings, chosen before the line is opened.
struct ChosenFraming {
  static constexpr size_t kBefore = portwire::Frames::kBefore;
  static constexpr size_t kBehind = portwire::Frames::kBehind;

  static bool frames;
  static bool lossless() { return !frames; }

  template <size_t kMaxContentBytes> class Receiver {
   public:
    portwire::Received push(uint8_t byte) { return frames ? framed_.push(byte) : bare_.push(byte); }
    uint8_t* content() { return frames ? framed_.content() : bare_.content(); }
    size_t contentBytes() const { return frames ? framed_.contentBytes() : bare_.contentBytes(); }
    portwire::Drop drop() const { return frames ? framed_.drop() : bare_.drop(); }

   private:
    portwire::Frames::Receiver<kMaxContentBytes> framed_;
    portwire::Packets::Receiver<kMaxContentBytes> bare_;
  };

  template <class Line> static void send(Line& line, uint8_t* buffer, size_t contentBytes) {
    if (frames)
      portwire::Frames::send(line, buffer, contentBytes);
    else
      portwire::Packets::send(line, buffer, contentBytes);
  }
};

typedef portwire::DescriptorLine<ChosenFraming> Line;

/// Opens what the options name, and waits as long as the bootloader that they ask for.
void openLine(portwire::Descriptors& line);

template <class Port> void start(Port& port) {
  openLine(port.line());
  port.begin();
}

}  // namespace board

#endif
