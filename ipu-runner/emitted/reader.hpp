// Reads files of words and numbers; what is not as it should be is an error with the file's name and the line.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

class Reader {
  std::string path;
  std::ifstream file;
  std::istringstream line;
  unsigned number = 0;

public:
  explicit Reader(const std::string &path) : path(path), file(path) {
    if (!file)
      throw std::runtime_error(path + ": cannot be read");
  }

  [[noreturn]] void fail(const std::string &what) const {
    throw std::runtime_error(path + ", line " + std::to_string(number) + ": " + what);
  }

  // Goes to the next line, whose first word this is.
  std::string next() {
    std::string text;
    ++number;
    if (!std::getline(file, text))
      fail("the file ends too early");
    line.clear();
    line.str(text);
    return word();
  }

  std::string word() {
    std::string word;
    if (!(line >> word))
      fail("a word is missing");
    return word;
  }

  // In the base in which it was written: 16 for bits and digests.
  uint64_t count(int base = 10) {
    const std::string text = word();
    std::size_t end = 0;
    uint64_t value = 0;
    try {
      value = std::stoull(text, &end, base);
    } catch (const std::logic_error &) {
      end = 0;
    }
    if (end != text.size() || text[0] == '-')
      fail("\"" + text + "\" is not a number");
    return value;
  }

  uint32_t number32(int base = 10) {
    const uint64_t value = count(base);
    if (value > UINT32_MAX)
      fail(std::to_string(value) + " is too large");
    return uint32_t(value);
  }

  // What is left of the line.
  std::string rest() {
    std::string rest;
    line >> std::ws;
    std::getline(line, rest);
    return rest;
  }

  void expect(const std::string &wanted) {
    const std::string found = next();
    if (found != wanted)
      fail("\"" + found + "\" where \"" + wanted + "\" should be");
  }
};
