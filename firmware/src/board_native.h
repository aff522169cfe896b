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
    bool failed() const { return !frames && bare_.failed(); }
    bool inMessage() const { return frames ? framed_.inMessage() : bare_.inMessage(); }

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

enum class Input { kGoesOn, kEnded, kUnheard };
/// Waits for input. kUnheard: nobody takes the output any more.
Input waitForInput();
/// Ends the program with status 1 and this text on standard error.
[[noreturn]] void fail(const char* problem);
[[noreturn]] void leaveAtEnd();

template <class Port> void idle(const Port& port) {
  const Input input = waitForInput();
  if (port.lineFailed()) fail("a packet longer than this program takes was announced: what follows cannot be read");
  if (input == Input::kGoesOn) return;
  if (input == Input::kEnded && port.inMessage()) fail("the input ended inside a message");
  leaveAtEnd();
}

}  // namespace board

#endif
