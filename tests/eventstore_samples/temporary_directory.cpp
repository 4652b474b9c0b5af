#include "tests/eventstore_samples/temporary_directory.h"

#include <cstdlib>
#include <string>

#include "domain/result.h"

namespace rapport::test {

TemporaryDirectory::TemporaryDirectory() {
  auto name = (std::filesystem::temp_directory_path() / "rapport-test-XXXXXX").string();
  RAPPORT_ASSERT(mkdtemp(name.data()));
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace rapport::test
