#include "file_io.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temporary_folder.h"

using namespace headlight;
namespace fs = std::filesystem;

TEST_CASE("a file is written whole and read back") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "a.bin";
  const std::string bytes("zero\0byte\xff", 10);
  write_file(file, bytes);
  CHECK(read_file(file, 100) == bytes);
  write_file(file, "");
  CHECK(read_file(file, 100).empty());
}

TEST_CASE("nothing but the file is left behind") {
  const test::TemporaryFolder folder;
  write_file(folder.path() / "a", "1");
  fs::create_directory(folder.path() / "b");
  CHECK_THROWS(write_file(folder.path() / "b", "2"));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("an old file keeps its permissions and a link its place") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "a", link = folder.path() / "link";
  write_file(file, "old");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", link);
  write_file(link, "new");
  CHECK(fs::is_symlink(link));
  CHECK(read_file(file, 100) == "new");
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("what cannot be written is refused in one sentence") {
  const test::TemporaryFolder folder;
  const auto sentence = [](const fs::path& file) -> std::string {
    try {
      write_file(file, "x");
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK(sentence(folder.path() / "no" / "a.png") ==
        "cannot write " + (folder.path() / "no" / "a.png").string() + ": there is no such folder");
  CHECK(sentence(folder.path()).find("it is a folder") != std::string::npos);
  CHECK(sentence(folder.path() / "").find("names a folder") != std::string::npos);
  CHECK(sentence("").find("without a name") != std::string::npos);
  CHECK(sentence("/dev/null").find("not a plain file") != std::string::npos);
  CHECK(sentence(folder.path() / std::string(300, 'n')).find("too long") != std::string::npos);
  write_file(folder.path() / "file", "x");
  CHECK(sentence(folder.path() / "file" / "a").find("its folder is a file") != std::string::npos);
}

TEST_CASE("a full disk leaves the old file as it was") {
  if (::access("/dev/full", W_OK) != 0) return;
  // /dev/full is no plain file: the door refuses it before anything is replaced.
  CHECK_THROWS_AS(write_file("/dev/full", "x"), std::runtime_error);
  struct stat status {};
  REQUIRE(::stat("/dev/full", &status) == 0);
  CHECK(S_ISCHR(status.st_mode));
}

TEST_CASE("a typed path begins at home where it says so") {
  const std::string home = std::getenv("HOME");
  CHECK(typed_path("~") == std::filesystem::path(home) / "");
  CHECK(typed_path("~/maps/a.png") == std::filesystem::path(home) / "maps/a.png");
  CHECK(typed_path("a~/b.png") == "a~/b.png");
  CHECK(typed_path("~other/b.png") == "~other/b.png");
  CHECK(typed_path("/tmp/b.png") == "/tmp/b.png");
}

TEST_CASE("what cannot be read is a LoadError") {
  const test::TemporaryFolder folder;
  write_file(folder.path() / "a", "12345");
  CHECK_NOTHROW(read_file(folder.path() / "a", 5));
  CHECK_THROWS_AS(read_file(folder.path() / "a", 4), LoadError);
  CHECK_THROWS_AS(read_file(folder.path() / "b", 4), LoadError);
  CHECK_THROWS_AS(read_file(folder.path(), 4), LoadError);
  CHECK_THROWS_AS(read_file("/dev/zero", 4), LoadError);
}
