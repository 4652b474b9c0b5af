// Texts to values: numbers are never rounded, times are those of a place.
#include "adapters/import/mapping/datatype.h"

#include <gtest/gtest.h>

#include "adapters/import/engine/external_sort.h"

namespace rapport::import {
namespace {

using Base = Datatype::Base;

std::string read_as(std::string_view text, const Datatype& type,
                    const std::string& zone_name = "UTC") {
  auto zone = TimeZone::find(zone_name);
  Value value;
  if (auto wrong = read_value(text, type, *zone, value)) return std::string(wrong.code);
  return text_of(value);
}
std::string read_time(std::string_view text, std::string_view pattern,
                      const std::string& zone = "UTC") {
  Datatype type{.base = Base::kDatetime};
  auto parsed = TimePattern::parse(pattern);
  if (!parsed) return parsed.error().message;
  type.pattern = std::move(*parsed);
  return read_as(text, type, zone);
}
Datatype money(const char* currency) {
  return {.base = Base::kMoney, .currency = Currency(std::string_view(currency))};
}

TEST(Datatype, MoneyHasItsCurrencysDecimalsAndNoMore) {
  EXPECT_EQ(read_as("1234.5", money("USD")), "1234.50");
  EXPECT_EQ(read_as("-0.05", money("USD")), "-0.05");
  EXPECT_EQ(read_as("12.500", money("USD")), "12.50");
  EXPECT_EQ(read_as("12.345", money("USD")), "money.too_many_decimals");
  EXPECT_EQ(read_as("500", money("JPY")), "500");
  EXPECT_EQ(read_as("500.5", money("JPY")), "money.too_many_decimals");
  EXPECT_EQ(read_as("1.234", money("KWD")), "1.234");
}
TEST(Datatype, NumbersHaveTheCharactersOfTheirCountry) {
  auto german = money("EUR");
  german.decimal_char = ',';
  german.group_char = '.';
  EXPECT_EQ(read_as("1.234.567,89", german), "1234567.89");
  EXPECT_EQ(read_as("1,5", german), "1.50");
  EXPECT_EQ(read_as("1.234,5.0", german), "number.malformed");
  for (const char* text : {"", "-", ".", "1.", "1e5", "0x1", "1 000", "--1", "１"})
    EXPECT_EQ(read_as(text, money("EUR")), "number.malformed") << text;
}
TEST(Datatype, NothingIsRoundedOrWrapped) {
  EXPECT_EQ(read_as("2.5555", {.base = Base::kQuantity}), "quantity.too_many_decimals");
  EXPECT_EQ(read_as("2.555", {.base = Base::kQuantity}), "2.555");
  EXPECT_EQ(read_as("1.5", {.base = Base::kInteger}), "number.malformed");
  EXPECT_EQ(read_as("1.0", {.base = Base::kInteger}), "1");
  EXPECT_EQ(read_as("99999999999999999999", {.base = Base::kInteger}), "number.too_large");
  EXPECT_EQ(read_as("9223372036854775.807", {.base = Base::kQuantity}), "number.too_large");
  EXPECT_EQ(read_as("92233720368547758", money("EUR")), "92233720368547758.00");
  EXPECT_EQ(read_as("922337203685477580", money("EUR")), "number.too_large");
}
TEST(Datatype, APriceKeepsEveryDecimal) {
  Datatype price{.base = Base::kPrice, .currency = Currency("GBP")};
  EXPECT_EQ(read_as("0.001", price), "0.001");
  EXPECT_EQ(read_as("2.50", price), "2.50");
  EXPECT_EQ(read_as("1.0123456789", price), "price.too_many_decimals");
  EXPECT_EQ(read_as("1.0123456780", price), "1.012345678");
}
TEST(Datatype, BasisPointsComeAsPercentOrFraction) {
  EXPECT_EQ(read_as("12.5", {.base = Base::kBp}), "12.5");
  EXPECT_EQ(read_as("0.125", {.base = Base::kBp, .percent = false}), "12.5");
  EXPECT_EQ(read_as("12.345", {.base = Base::kBp}), "bp.too_many_decimals");
}
TEST(Datatype, BooleansAreTheTwoWordsOfTheFormat) {
  EXPECT_EQ(read_as("true", {.base = Base::kBoolean}), "true");
  EXPECT_EQ(read_as("ja", {.base = Base::kBoolean, .yes = "ja", .no = "nein"}), "true");
  EXPECT_EQ(read_as("TRUE", {.base = Base::kBoolean}), "boolean.malformed");
}
TEST(Datatype, DatesThatDoNotExistAreRefused) {
  EXPECT_EQ(read_as("2012-02-29", {.base = Base::kDate}), "2012-02-29");
  for (const char* text : {"2011-02-29", "2011-02-30", "2011-13-01", "2011-00-10", "2011-1-1",
                           "0000-01-01", "2011-02-28x"})
    EXPECT_EQ(read_as(text, {.base = Base::kDate}), "time.malformed") << text;
  EXPECT_EQ(read_time("2011-02-28 24:00", "yyyy-MM-dd HH:mm"), "time.malformed");
}
TEST(Datatype, PatternsReadWhatExportsWrite) {
  EXPECT_EQ(read_time("29/2/2016 01:23", "d/M/yyyy HH:mm"), "2016-02-29T01:23:00Z");
  EXPECT_EQ(read_time("3/14/2016 1:05 PM", "M/d/yyyy h:mm a"), "2016-03-14T13:05:00Z");
  EXPECT_EQ(read_time("12:30 am, 5 Mar 2016", "h:mm a, d MMM yyyy"), "2016-03-05T00:30:00Z");
  EXPECT_EQ(read_time("20160305T101112.25", "yyyyMMdd'T'HHmmss.S"), "2016-03-05T10:11:12.25Z");
  EXPECT_EQ(read_time("05.03.16 10:00", "dd.MM.yy HH:mm"), "2016-03-05T10:00:00Z");
  EXPECT_EQ(read_time("2016-03-05 10:00:00 +0530", "yyyy-MM-dd HH:mm:ss Z"),
            "2016-03-05T04:30:00Z");
  EXPECT_EQ(read_as("2016-03-05T10:00:00+02:00", {.base = Base::kDatetime}),
            "2016-03-05T08:00:00Z");
  EXPECT_EQ(read_as("2016-03-05 10:00:00.123456 UTC", {.base = Base::kDatetime}),
            "2016-03-05T10:00:00.123456Z");
  EXPECT_EQ(read_time("2011-02-28 10:00:30", "yyyy-MM-dd HH:mm':00'"), "time.malformed");
}
TEST(Datatype, PrecisionFollowsFromThePattern) {
  TimeZone zone;
  Value value;
  auto precision = [&](std::string_view text, std::string_view pattern) {
    EXPECT_EQ(TimePattern::parse(pattern)->read(text, false, zone, value),
              TimePattern::Fault::kNone);
    return value.precision;
  };
  EXPECT_EQ(precision("2011-02-28", "yyyy-MM-dd"), TimePrecision::kDate);
  EXPECT_EQ(precision("2011-02-28 10:00:00", "yyyy-MM-dd HH:mm':00'"), TimePrecision::kMinute);
  EXPECT_EQ(precision("2011-02-28 10:00:00", "yyyy-MM-dd HH:mm:ss"), TimePrecision::kInstant);
}
TEST(Datatype, PatternsThatCannotBeReadAreRefused) {
  for (const char* pattern :
       {"yyyy-MM", "yyyy-MM-dd hh:mm", "yyyy-MM-dd 'T", "yyyy-MM-dd EEE", "yyyy-MM-dd mm"})
    EXPECT_FALSE(TimePattern::parse(pattern).has_value()) << pattern;
}
TEST(Datatype, WallTimesAreThoseOfTheirPlace) {
  EXPECT_EQ(read_time("2011-07-01 12:00", "yyyy-MM-dd HH:mm", "Europe/London"),
            "2011-07-01T11:00:00Z");
  EXPECT_EQ(read_time("2011-12-01 12:00", "yyyy-MM-dd HH:mm", "Europe/London"),
            "2011-12-01T12:00:00Z");
  // 27 March 2011, 01:00 to 02:00 was skipped; 30 October, 01:00 to 02:00 came twice: the first
  // counts.
  EXPECT_EQ(read_time("2011-03-27 01:30", "yyyy-MM-dd HH:mm", "Europe/London"), "time.not_in_zone");
  EXPECT_EQ(read_time("2011-10-30 01:30", "yyyy-MM-dd HH:mm", "Europe/London"),
            "2011-10-30T00:30:00Z");
  EXPECT_EQ(read_time("2011-10-30 02:00", "yyyy-MM-dd HH:mm", "Europe/London"),
            "2011-10-30T02:00:00Z");
  // A day whose first hour was skipped begins an hour later.
  EXPECT_EQ(read_as("2018-11-04", {.base = Base::kDate}, "America/Sao_Paulo"), "2018-11-04");
  EXPECT_FALSE(TimeZone::find("Europe/Londn").has_value());
}
TEST(Datatype, TheZoneCacheGivesWhatTheZoneGives) {
  // Forwards and backwards over every change of 2011, an hour at a time: a cached offset must not
  // outlive its span.
  auto cached = *TimeZone::find("Europe/London");
  const std::int64_t start = 1293840000, hour = 3600;
  for (std::int64_t i = 0; i < 2 * 8760; ++i) {
    auto wall = (start + (i < 8760 ? i : 2 * 8760 - i) * hour) * 1'000'000;
    auto fresh = *TimeZone::find("Europe/London");
    ASSERT_EQ(cached.to_utc(wall), fresh.to_utc(wall)) << wall;
  }
}

TEST(ExternalSort, SortsMoreThanItsMemoryAndKeepsEqualKeysInOrder) {
  ExternalSort sort(10'000);
  for (unsigned i = 0; i < 20'000; ++i) {
    auto key = std::to_string((i * 7919u) % 5'000u);
    ASSERT_TRUE(sort.add(key, std::to_string(i)).has_value());
  }
  std::string last_key;
  unsigned last = 0, count = 0;
  auto done = sort.each([&](std::string_view key, std::string_view payload) {
    auto number = static_cast<unsigned>(std::stoul(std::string(payload)));
    EXPECT_LE(last_key, key);
    if (last_key == key) {
      EXPECT_LT(last, number);
    }
    last_key = key;
    last = number;
    ++count;
    return Result<void>();
  });
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(count, 20'000u);
}

}  // namespace
}  // namespace rapport::import
