// Settings that an operator gives: read from a file, kept to themselves.
#include "adapters/kafka/properties.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "adapters/kafka/client.h"

namespace rapport::kafka {
namespace {

struct Properties : testing::Test {
  Properties() : file(std::filesystem::temp_directory_path() / ("rapport-properties-" + std::to_string(::getpid()))) {}
  ~Properties() override { std::filesystem::remove(file); }
  Result<Connection::Properties> read(std::string_view text) {
    std::ofstream(file) << text;
    return read_properties(file);
  }
  const std::filesystem::path file;
};

TEST_F(Properties, AreLinesOfNameAndValue) {
  auto found = read("# for the cluster in Paris\n\nsecurity.protocol=SASL_SSL\r\n  sasl.password = a=b #c \nssl.ca.location=\n");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, (Connection::Properties{{"security.protocol", "SASL_SSL"}, {"sasl.password", "a=b #c"}, {"ssl.ca.location", ""}}));
}

TEST_F(Properties, NameTheLineThatIsNoneWithoutShowingIt) {
  for (auto* text : {"a=b\nhunter2\n", "a=b\n=hunter2\n"}) {
    auto found = read(text);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().reason, "bus.setting");
    EXPECT_NE(found.error().message.find(file.string() + ":2"), std::string::npos) << found.error().message;
    EXPECT_EQ(found.error().message.find("hunter2"), std::string::npos);
  }
  EXPECT_EQ(read_properties(file.string() + ".none").error().reason, "bus.setting");
}

TEST_F(Properties, DoNotOverruleWhatExactnessRestsOn) {
  for (auto* name : {"enable.idempotence", "acks", "request.required.acks", "retries", "max.in.flight", "transactional.id",
                     "message.timeout.ms", "auto.offset.reset", "isolation.level", "bootstrap.servers"}) {
    auto client = Client::producer({.brokers = "127.0.0.1:1", .properties = {{name, "1"}}}, {}, nullptr, nullptr);
    ASSERT_FALSE(client) << name;
    EXPECT_EQ(client.error().reason, "bus.setting");
    EXPECT_EQ(client.error().field, name);
  }
  EXPECT_TRUE(Client::producer({.brokers = "127.0.0.1:1", .properties = {{"linger.ms", "20"}, {"compression.type", "zstd"}}}, {},
                               nullptr, nullptr));
}

TEST_F(Properties, LeaveNoSecretInWhatIsSaid) {
  const Connection::Properties given{{"sasl.username", "ann"}, {"sasl.password", "hunter2"}, {"ssl.key.pem", "ab"}};
  EXPECT_EQ(without_secrets("ann with hunter2, hunter2 and ab", given), "ann with ***, *** and ab");
  // librdkafka shows the value that it does not understand.
  auto client = Client::producer({.brokers = "127.0.0.1:1", .properties = {{"ssl.key.password", "hunter2"}, {"security.protocol", "hunter2"}}},
                                 {}, nullptr, nullptr);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().field, "security.protocol");
  EXPECT_EQ(client.error().message.find("hunter2"), std::string::npos) << client.error().message;
}

}  // namespace
}  // namespace rapport::kafka
