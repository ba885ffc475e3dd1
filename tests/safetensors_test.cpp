#include "safetensors.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "paths.h"
#include "safetensors_writer.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

std::string with_header(const std::string& header, std::size_t data_bytes, std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\0');
}
std::string with_header(const std::string& header, std::size_t data_bytes) {
  return with_header(header, data_bytes, header.size());
}

// What opening a file of these bytes says, without the file's name.
std::string refusal(const std::string& bytes) {
  const TemporaryFolder folder;
  const auto file = folder.write("m.safetensors", bytes);
  const std::string what = message_of<LoadError>([&] { Safetensors{file}; });
  if (what.empty()) return "";
  REQUIRE(what.starts_with(file.string() + ": "));
  return what.substr(file.string().size() + 2);
}

std::string one(const std::string& tensor) { return "{\"a\":" + tensor + "}"; }

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// IEEE 754 half precision, spelled out.
double half_value(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double fraction = bits & 1023;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

}  // namespace

TEST_CASE("safetensors: reads what was written and leaves other types alone") {
  const TemporaryFolder folder;
  const std::vector<float> values = {1.5f, -2.0f, 0.0f, 3e-39f, 1e38f, -0.0f};
  write_safetensors(folder / "m.safetensors", {{"w", {"F32", {2, 3}, bytes_of(values)}},
                                               {"mask", {"BOOL", {1, 1, 3}, std::string(3, '\1')}},
                                               {"odd", {"F4_NEW", {5}, std::string(7, '\1')}},
                                               {"scalar", {"F32", {}, bytes_of<float>({-1e4f})}},
                                               {"none", {"F32", {0, 3}, ""}},
                                               {"step", {"I64", {1}, std::string(8, '\0')}}});
  const Safetensors file(folder / "m.safetensors");
  CHECK(file.tensors().size() == 6);
  CHECK(file.has("w"));
  CHECK_FALSE(file.has("v"));
  const std::vector<float> read = file.read("w", {2, 3});
  REQUIRE(read.size() == values.size());
  CHECK(std::memcmp(read.data(), values.data(), 24) == 0);
  CHECK(file.read("scalar", {}) == std::vector<float>{-1e4f});
  CHECK(file.read("none", {0, 3}).empty());
  CHECK(file.tensors().at("mask").type == DataType::other);
  CHECK(file.tensors().at("mask").type_name == "BOOL");
  const auto& w = file.tensors().at("w");
  CHECK(w.end - w.begin == 24);

  const std::string at = file.file().string() + ": ";
  CHECK(message_of<LoadError>([&] { file.read("v", {2, 3}); }) == at + "v: is missing");
  CHECK(message_of<LoadError>([&] {
          file.read("w", {3, 2});
        }) == at + "w: expected the shape [3, 2], got [2, 3]");
  CHECK(message_of<LoadError>([&] { file.read("step", {1}); }) ==
        at + "step: holds I64; expected F32, F16 or BF16");
  CHECK(message_of<LoadError>([&] { file.read("odd", {5}); }) ==
        at + "odd: holds F4_NEW; expected F32, F16 or BF16");
}

TEST_CASE("safetensors: every finite half and bfloat16 is converted exactly") {
  const TemporaryFolder folder;
  std::vector<std::uint16_t> halves, brains;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    if ((bits & 0x7C00) != 0x7C00) halves.push_back(static_cast<std::uint16_t>(bits));
    if ((bits & 0x7F80) != 0x7F80) brains.push_back(static_cast<std::uint16_t>(bits));
  }
  const auto count = static_cast<std::int64_t>(halves.size());
  const auto brain_count = static_cast<std::int64_t>(brains.size());
  write_safetensors(folder / "m.safetensors", {{"h", {"F16", {count}, bytes_of(halves)}},
                                               {"b", {"BF16", {brain_count}, bytes_of(brains)}}});
  const Safetensors file(folder / "m.safetensors");
  const std::vector<float> h = file.read("h", {count});
  int wrong = 0;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const auto expected = static_cast<float>(half_value(halves[i]));
    wrong += std::bit_cast<std::uint32_t>(h[i]) != std::bit_cast<std::uint32_t>(expected);
  }
  CHECK(wrong == 0);
  const std::vector<float> b = file.read("b", {brain_count});
  for (std::size_t i = 0; i < b.size(); ++i) {
    wrong += std::bit_cast<std::uint32_t>(b[i]) != static_cast<std::uint32_t>(brains[i]) << 16;
  }
  CHECK(wrong == 0);
}

TEST_CASE("safetensors: a value that is not finite is refused with its index") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const auto told = [&](const std::string& type, const std::string& bytes, std::int64_t rows) {
    const TemporaryFolder folder;
    write_safetensors(folder / "m.safetensors", {{"w", {type, {rows, 2}, bytes}}});
    const Safetensors file(folder / "m.safetensors");
    const std::string what = message_of<LoadError>([&] { file.read("w", {rows, 2}); });
    return what.empty() ? what : what.substr(file.file().string().size());
  };
  CHECK(told("F32", bytes_of<float>({1, 2, 3, 4}), 2) == "");
  CHECK(told("F32", bytes_of<float>({1, 2, nan, infinity}), 2) ==
        ": w: the value at [1, 0] is not a finite number");
  CHECK(told("F32", bytes_of<float>({1, -infinity, 3, 4}), 2) ==
        ": w: the value at [0, 1] is not a finite number");
  CHECK(told("F16", bytes_of<std::uint16_t>({0, 0x7BFF, 0, 0x7C00}), 2) ==
        ": w: the value at [1, 1] is not a finite number");
  CHECK(told("F16", bytes_of<std::uint16_t>({0, 0xFC01, 0, 0}), 2) ==
        ": w: the value at [0, 1] is not a finite number");
  CHECK(told("BF16", bytes_of<std::uint16_t>({0x7F7F, 0, 0xFFC0, 0}), 2) ==
        ": w: the value at [1, 0] is not a finite number");
  std::vector<float> many(20000, 1.0f);
  many[12345] = nan;
  CHECK(told("F32", bytes_of(many), 10000) == ": w: the value at [6172, 1] is not a finite number");
}

TEST_CASE("safetensors: a header that is short or lies about its length") {
  CHECK(refusal("") == "the file is empty");
  CHECK(refusal("1234567") == "header: cut off: the file has only 7 bytes");
  CHECK(refusal(with_header("", 0, 1)) ==
        "header: cut off: it is said to have 1 bytes, the file has 8");
  CHECK(refusal(with_header("{}", 0, 3)) ==
        "header: cut off: it is said to have 3 bytes, the file has 10");
  CHECK(refusal(with_header("{}", 0, ~std::uint64_t{0})) ==
        "header: said to be longer than 100 MB: not a safetensors file");
  CHECK(refusal(with_header("{}", 0)) == "");
  CHECK(refusal(with_header("{}   ", 0)) == "");
  CHECK(refusal(with_header("{}", 4)) == "bytes that belong to no tensor stand at the end");
}

TEST_CASE("safetensors: a header that is not JSON or not of the format") {
  const char* odd[] = {
      "",
      "nonsense",
      "[]",
      "{",
      "{}{}",
      "7",
      "null",
      "\"a\"",
      "{\"a\"}",
      "{\"a\":1}",
      "{\"a\":null}",
      "{\"a\":[]}",
      "{\"a\":{}}",
      "{\"\xFF\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
      "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}",
      "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":[\"F32\"],\"shape\":[1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[[1]],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[18446744073709551615],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{}}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}",
      "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"shape\":[1],\"data_offsets\":[0,4]}}",
      "{\"__metadata__\":{\"a\":{}}}",
      "{\"__metadata__\":[]}",
  };
  for (const char* header : odd) {
    CAPTURE(header);
    CHECK(refusal(with_header(header, 4)) != "");
    CHECK(refusal(with_header(header, 4)) != "bytes that belong to no tensor stand at the end");
  }
  CHECK(refusal(
            with_header("{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":"
                        "[1],\"data_offsets\":[0,4]}}",
                        4)) == "");
  const std::string a = "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
  CHECK(refusal(with_header("{" + a + "," + a + "}", 4)) == "a: stands twice in the header");
}

TEST_CASE("safetensors: a deeply nested header costs neither the stack nor much memory") {
  for (const char* open : {"[", "{\"a\":", "{\"__metadata__\":[", "{\"a\":{\"shape\":["}) {
    std::string header;
    while (header.size() < 4'000'000) header += open;
    CHECK(refusal(with_header(header, 0)) != "");
  }
}

TEST_CASE("safetensors: tensors that do not fill the file exactly") {
  const std::string a = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
  CHECK(refusal(with_header(one(a), 8)) == "");
  CHECK(refusal(with_header(one(a), 7)) ==
        "a: cut off: it ends at byte 8 of the data, which has 7");
  CHECK(refusal(with_header(one("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}"), 8)) ==
        "a: ends before it begins");
  CHECK(refusal(with_header(one("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}"), 8)) ==
        "a: a hole lies before it");
  CHECK(refusal(with_header(one("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":"
                                "[18446744073709551608,18446744073709551615]}"),
                            8)) != "");
  const auto b = [&](const std::string& offsets) {
    return "{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + offsets + "},\"a\":" + a +
           "}";
  };
  CHECK(refusal(with_header(b("[8,12]"), 12)) == "");
  CHECK(refusal(with_header(b("[4,8]"), 8)) == "b: overlaps another tensor");
  CHECK(refusal(with_header(b("[12,16]"), 16)) == "b: a hole lies before it");
  CHECK(refusal(with_header(b("[8,12]"), 13)) == "bytes that belong to no tensor stand at the end");
}

TEST_CASE("safetensors: a size that disagrees with shape and type") {
  const auto told = [](const std::string& type, const std::string& shape) {
    return refusal(with_header(
        one("{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[0,8]}"), 8));
  };
  CHECK(told("F32", "[2]") == "");
  CHECK(told("F16", "[2,2]") == "");
  CHECK(told("I64", "[]") == "");
  CHECK(told("NEW", "[77]") == "");
  CHECK(told("F32", "[3]") == "a: has 8 bytes, but its shape [3] of F32 needs another number");
  CHECK(told("F32", "[]") != "");
  CHECK(told("F32", "[0]") != "");
  CHECK(told("BOOL", "[2]") != "");
  CHECK(refusal(with_header(one("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}"), 9)) ==
        "a: has 9 bytes, but its shape [2] of F32 needs another number");
  // 2^62 elements of 4 bytes are 2^64 bytes, which is 0 to a careless product.
  CHECK(told("F32", "[4611686018427387904]") != "");
  CHECK(told("F32", "[4294967296,4294967296]") ==
        "a: has an impossible shape: [4294967296, 4294967296]");
}

TEST_CASE("safetensors: every cut of a real file and every changed header byte is survived") {
  const std::string whole =
      read_file(test_data() / "models" / "tiny-llama-mha-f16" / "model.safetensors");
  REQUIRE(whole.size() > 8);
  std::uint64_t header = 0;
  std::memcpy(&header, whole.data(), 8);
  const TemporaryFolder folder;
  for (std::size_t size = 0; size < whole.size(); size += size < 300 ? 1 : 997) {
    CAPTURE(size);
    const auto file = folder.write("cut", whole.substr(0, size));
    CHECK_THROWS_AS(Safetensors{file}, LoadError);
  }
  for (std::size_t at = 0; at < 8 + header; at += 11) {
    for (const char byte : {'\0', '9', '"', '}', '\xFF'}) {
      std::string changed = whole;
      changed[at] = byte;
      try {
        const Safetensors file(folder.write("changed", changed));
        for (const auto& [name, tensor] : file.tensors()) {
          if (tensor.type != DataType::other) file.read(name, tensor.shape);
        }
      } catch (const LoadError&) {
      }
    }
  }
}

TEST_CASE("safetensors: paths that are no readable file") {
  const TemporaryFolder folder;
  const auto told = [](const std::filesystem::path& file) {
    return message_of<LoadError>([&] { Safetensors{file}; });
  };
  const std::string at = folder.path().string();
  CHECK(told(folder / "none") == at + "/none: there is no such file");
  CHECK(told(folder.path()) == at + ": this is a folder, not a file");
  CHECK(told("/dev/zero") == "/dev/zero: this is not a plain file");
  if (::geteuid() == 0) {
    MESSAGE("root may read everything: the case without permission is skipped");
  } else {
    const auto file = folder.write("locked", "x");
    std::filesystem::permissions(file, std::filesystem::perms::none);
    CHECK(told(file) == at + "/locked: no permission to read it");
  }
}
