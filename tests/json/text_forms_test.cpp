#include "adapters/json/text_forms.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/json/write_json.h"

namespace rapport {
namespace {

TEST(Dates, AreThoseOfTheCalendar) {
  EXPECT_EQ(parse_date("1970-01-01")->days, 0);
  EXPECT_EQ(parse_date("2012-02-29")->days, 15399);
  EXPECT_EQ(parse_date("0001-01-01")->days, -719'162);
  EXPECT_EQ(parse_date("9999-12-31")->days, 2'932'896);
  for (auto bad : {"2011-02-29", "2011-02-30", "2011-13-01", "2011-00-01", "2011-01-00",
                   "2011-1-01", "11-01-01", "0000-01-01", "2011-01-01 ", " 2011-01-01",
                   "2011/01/01", "", "2011-01-01T00:00:00Z", "+2011-01-1", "2011-01-0x"})
    EXPECT_FALSE(parse_date(bad)) << bad;
}

TEST(Dates, ComeBackAsText) {
  for (auto text :
       {"0001-01-01", "1969-12-31", "1970-01-01", "2000-02-29", "2017-06-30", "9999-12-31"})
    EXPECT_EQ(to_text(*parse_date(text)), text);
  EXPECT_EQ(to_text(Date{-719'163}), "");
  EXPECT_EQ(to_text(Date{2'932'897}), "");
  EXPECT_EQ(to_text(Date{INT32_MIN}), "");
}

TEST(Times, AreReadToTheMicrosecondInUtc) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z")->micros, 0);
  EXPECT_EQ(parse_time("1970-01-01T00:00:01.5Z")->micros, 1'500'000);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.000001Z")->micros, 1);
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.999999Z")->micros, -1);
  EXPECT_EQ(parse_time("1970-01-01T08:00:00+08:00")->micros, 0);
  EXPECT_EQ(parse_time("1969-12-31T18:30:00-05:30")->micros, 0);
  EXPECT_EQ(parse_time("1970-01-01t00:00:00z")->micros, 0);
  EXPECT_EQ(parse_time("1970-01-01 00:00:00Z")->micros, 0);
  EXPECT_EQ(parse_time("1970-01-02")->micros, kMicrosPerDay);
}

TEST(Times, ThatDoNotExistAreRefused) {
  for (auto bad :
       {"2011-02-30T00:00:00Z", "2011-02-28T24:00:00Z", "2011-02-28T23:60:00Z",
        "2011-02-28T23:59:60Z", "2011-02-28T23:59:59", "2011-02-28T23:59Z", "2011-02-28T23:59:59.Z",
        "2011-02-28T23:59:59.1234567Z", "2011-02-28T23:59:59+24:00", "2011-02-28T23:59:59+08",
        "2011-02-28T23:59:59+0800", "2011-02-28T23:59:59Zx", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01", "now", ""})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

TEST(Times, ComeBackAsTextWithTheDecimalsTheyNeed) {
  for (auto text : {"1970-01-01T00:00:00Z", "2011-02-28T10:20:30.5Z", "2011-02-28T10:20:30.000001Z",
                    "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
                    "9999-12-31T23:59:59.999999Z", "2011-02-28T10:20:30.012Z"})
    EXPECT_EQ(to_text(*parse_time(text)), text);
  EXPECT_EQ(to_text(Timestamp{INT64_MIN}), "");
  EXPECT_EQ(to_text(Timestamp{INT64_MAX}), "");
}

TEST(Currencies, AreThreeCapitalLetters) {
  EXPECT_EQ(parse_currency("EUR"), Currency("EUR"));
  for (auto bad : {"", "EU", "EURO", "eur", "E1R", "€", "EU "})
    EXPECT_FALSE(parse_currency(bad)) << bad;
}

TEST(Base64, ComesBackAndIsStrict) {
  for (std::string bytes : {"", "a", "ab", "abc", "abcd"}) {
    std::string text;
    append_base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, text);
    EXPECT_EQ(parse_base64(text), bytes);
  }
  for (auto bad : {"YQ", "YQ=", "YQ==YQ==", "Y Q==", "!!!!", "YQ==\n"})
    EXPECT_FALSE(parse_base64(bad)) << bad;
}

TEST(Utf8, IsToldFromOtherBytes) {
  for (auto good : {"", "a", "é", "王", "😀", "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBE"})
    EXPECT_TRUE(is_utf8(good));
  for (auto bad :
       {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE7\x8E", "\xE7\x8E\x41", "a\xFF"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(WrittenText, IsAlwaysJson) {
  auto written = [](std::string_view text) {
    std::string out;
    append_text(text, out);
    return out;
  };
  EXPECT_EQ(written("a\"b\\c\n\r\t\b\f\x01\x1f"), R"("a\"b\\c\n\r\t\b\f\u0001\u001f")");
  EXPECT_EQ(written("王\x7F/"), "\"王\x7F/\"");
  EXPECT_EQ(written("a\xE7\x8E"
                    "b\xFF"),
            "\"a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"");
  EXPECT_EQ(written(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(NearestName, FindsWhatWasMeant) {
  auto hint = [](std::string_view wanted) {
    NearestName nearest(wanted);
    for (auto name : {"stageId", "amount", "closeDate"}) nearest.offer(name);
    return nearest.hint();
  };
  EXPECT_EQ(hint("stageID"), "did you mean stageId?");
  EXPECT_EQ(hint("amout"), "did you mean amount?");
  EXPECT_EQ(hint("close_date"), "did you mean closeDate?");
  EXPECT_EQ(hint("colour"), "");
  EXPECT_EQ(hint(std::string(100'000, 'a')), "");
}

}  // namespace
}  // namespace rapport
