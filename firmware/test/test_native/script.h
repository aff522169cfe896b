// The scripts of the shared vectors: what a device said is compared with what a script expects.
#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#include <sstream>

#include "support.h"
#include "vectors.h"

/// The text of an ERROR is for people, and every implementation has its own.
inline std::string withoutText(const std::string& message) {
  return message.substr(0, 2) == "fe" && message.substr(4, 2) == "92" ? message.substr(0, 4) + "91" + message.substr(6, 2) : message;
}

/// What was said is what the `<` lines that follow expect; `*` stands for the rest of a message.
inline void checkSaid(const std::string& said, std::istringstream& script) {
  std::istringstream messages(said);
  std::string line;
  for (std::string message; messages >> message;) {
    CAPTURE(message);
    const bool expected = script.peek() == '<' && std::getline(script, line);
    REQUIRE(expected);
    line = line.substr(2);
    if (line.back() == '*') {
      line.pop_back();
      message = message.substr(0, line.size());
    }
    CHECK(withoutText(message) == line);
  }
  CHECK(script.peek() != '<');
}

#endif
