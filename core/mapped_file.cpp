#include "mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tokenizer.h"

namespace headlight {
namespace {

// Names come from the file, so they may be long, or hold anything.
std::string one_line(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return visible_utf8(text);
  std::size_t cut = longest;
  while (cut > longest - 4 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return visible_utf8(text.substr(0, cut)) + "...";
}

// Closes the descriptor when the constructor ends, however it ends.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

LoadError load_error(const std::filesystem::path& file, std::string_view part,
                     std::string_view what) {
  std::string text = visible_utf8(file.string()) + ": ";
  if (!part.empty()) text += one_line(part, 100) + ": ";
  return LoadError(text + one_line(what, 500));
}

MappedFile::MappedFile(const std::filesystem::path& file) : path_(file) {
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (descriptor.number < 0) {
    if (errno == ENOENT) throw load_error(file, "", "there is no such file");
    if (errno == EACCES) throw load_error(file, "", "no permission to read it");
    throw load_error(file, "", std::strerror(errno));
  }
  struct stat status {};
  if (::fstat(descriptor.number, &status) != 0) throw load_error(file, "", std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw load_error(file, "", "this is a folder, not a file");
  if (!S_ISREG(status.st_mode)) throw load_error(file, "", "this is not a plain file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return;  // An empty mapping is an error to mmap, not to us.

  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.number, 0);
  if (address == MAP_FAILED) throw load_error(file, "", std::strerror(errno));
  mapping_ = std::shared_ptr<const void>(
      address, [size](const void* begin) { ::munmap(const_cast<void*>(begin), size); });
  bytes_ = {static_cast<const char*>(address), size};
}

}  // namespace headlight
