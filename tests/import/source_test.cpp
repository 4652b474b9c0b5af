// What files can look like: CSV, JSON Lines, gzip, encodings.
#include <gtest/gtest.h>
#include <zlib.h>

#include "adapters/import/source/record_reader.h"
#include "tests/import/import_fixture.h"

namespace rapport::import {
namespace {

struct SourceTest : ImportTest {
  // Every record as "line:a|b|c", with ~ for an absent value; errors as their reason.
  std::vector<std::string> records(const std::string& path, const Dialect& dialect = {}) {
    std::vector<std::string> out;
    auto reader = RecordReader::open(path, dialect);
    if (!reader) return {reader.error().reason + " " + reader.error().message};
    std::vector<std::optional<std::size_t>> all;
    for (std::size_t i = 0; i < (*reader)->header().size(); ++i) all.emplace_back(i);
    (*reader)->select(all);
    Record record;
    for (;;) {
      auto more = (*reader)->next(record);
      if (!more) {
        out.push_back(more.error().reason + " " + more.error().message);
        return out;
      }
      if (!*more) return out;
      auto line = std::to_string(record.line) + ":";
      if (!record.fault_code.empty())
        line += std::string(record.fault_code);
      else
        for (std::size_t i = 0; i < record.values.size(); ++i)
          line += (i ? "|" : "") + std::string(record.values[i].value_or("~"));
      out.push_back(line);
    }
  }
  std::vector<std::string> csv(std::string_view text, const Dialect& dialect = {}) {
    return records(write("a.csv", text), dialect);
  }
};

using Lines = std::vector<std::string>;

TEST_F(SourceTest, ReadsLinesWithLfAndCrLfAndWithoutALastLineBreak) {
  EXPECT_EQ(csv("a,b\n1,2\n3,4\n"), (Lines{"2:1|2", "3:3|4"}));
  EXPECT_EQ(csv("a,b\r\n1,2\r\n3,4"), (Lines{"2:1|2", "3:3|4"}));
}
TEST_F(SourceTest, LinesThatEndWithCrAloneAreLinesToo) {
  EXPECT_EQ(csv("a,b\r1,2\r3,\"x\ry\"\r"), (Lines{"2:1|2", "3:3|x\ry"}));
  EXPECT_EQ(csv("a,b\r1,2\r\r3,4"), (Lines{"2:1|2", "4:3|4"}));
  EXPECT_EQ(csv("a,b\n1,2\r3,4\r\n5,6\n"), (Lines{"2:1|2", "3:3|4", "4:5|6"}));
  std::string many = "a,b\r";
  for (int i = 0; i < 60'000; ++i) many += std::to_string(i) + ",x\r";  // over several blocks
  auto all = csv(many);
  ASSERT_EQ(all.size(), 60'000u);
  EXPECT_EQ(all.back(), "60001:59999|x");
  many = "a,b\r\n";
  for (int i = 0; i < 60'000; ++i) many += std::to_string(i) + ",x\r\n";
  EXPECT_EQ(csv(many), all);
}
TEST_F(SourceTest, KeepsQuotesDelimitersAndLineBreaksInsideQuotesByteForByte) {
  EXPECT_EQ(csv("a,b\n\"x, \"\"y\"\"\r\nz\",2\nlast,3\n"),
            (Lines{"2:x, \"y\"\r\nz|2", "4:last|3"}));
}
TEST_F(SourceTest, KeepsBlanksAroundValues) {
  EXPECT_EQ(csv("a,b\n 1 ,\t2\n"), (Lines{"2: 1 |\t2"}));
}
TEST_F(SourceTest, PassesOverEmptyLinesAndCountsThem) {
  EXPECT_EQ(csv("a,b\n\n1,2\n\r\n3,4\n"), (Lines{"3:1|2", "5:3|4"}));
}
TEST_F(SourceTest, TakesAnyDelimiter) {
  EXPECT_EQ(csv("a;b\n1,5;2\n", {.delimiter = ';'}), (Lines{"2:1,5|2"}));
  EXPECT_EQ(csv("a\tb\n1\t2\n", {.delimiter = '\t'}), (Lines{"2:1|2"}));
}
TEST_F(SourceTest, ARowWithAnotherColumnCountIsTold) {
  EXPECT_EQ(csv("a,b\n1\n1,2,3\n1,2\n"),
            (Lines{"2:csv.column_count", "3:csv.column_count", "4:1|2"}));
}
TEST_F(SourceTest, BrokenQuotesEndTheFileWithTheirLine) {
  auto inside = csv("a,b\n1,2\nx\"y,3\n");
  ASSERT_EQ(inside.size(), 2u);
  EXPECT_TRUE(inside[1].starts_with("csv.broken_quotes") &&
              inside[1].find(":3:") != std::string::npos)
      << inside[1];
  EXPECT_TRUE(csv("a,b\n\"x\"y,3\n").back().starts_with("csv.broken_quotes"));
  auto open = csv("a,b\n1,2\n\"never\nclosed,3\n");
  EXPECT_TRUE(open.back().starts_with("csv.broken_quotes") &&
              open.back().find(":3:") != std::string::npos)
      << open.back();
}
TEST_F(SourceTest, AnEmptyFileAndARepeatedColumnAreRefused) {
  EXPECT_TRUE(csv("")[0].starts_with("csv.no_header"));
  EXPECT_TRUE(csv("a,b,a\n1,2,3\n")[0].starts_with("csv.column_repeated"));
}
TEST_F(SourceTest, UnderstandsByteOrderMarks) {
  EXPECT_EQ(csv("\xEF\xBB\xBF"
                "a,b\n1,2\n"),
            (Lines{"2:1|2"}));
  EXPECT_EQ(csv(std::string_view("\xFF\xFE"
                                 "a\0\n\0\xA7\x4E\n\0",
                                 10)),
            (Lines{"2:\xE4\xBA\xA7"}));
}
TEST_F(SourceTest, ReadsOtherEncodings) {
  EXPECT_EQ(csv("n\nM\xFCller \x80\n", {.encoding = "windows-1252"}), (Lines{"2:Müller €"}));
  EXPECT_EQ(csv("n\nM\xFCller\n", {.encoding = "iso-8859-1"}), (Lines{"2:Müller"}));
  EXPECT_EQ(csv("n\n\xCD\xF5\n", {.encoding = "gb18030"}), (Lines{"2:王"}));
  EXPECT_EQ(csv("n\n\x95\x32\x82\x36\n", {.encoding = "gb18030"}),
            (Lines{"2:\xF0\xA0\x80\x80"}));  // U+20000, four bytes
  EXPECT_EQ(csv(std::string_view("n\0\n\0\x8B\x73\n\0", 8), {.encoding = "utf-16"}),
            (Lines{"2:\xE7\x8E\x8B"}));
  EXPECT_EQ(csv(std::string_view("\0n\0\n\x73\x8B\0\n", 8), {.encoding = "utf-16"}),
            (Lines{"2:\xE7\x8E\x8B"}));
}
TEST_F(SourceTest, BytesThatAreNoTextAreToldWithTheirLine) {
  for (std::string_view bad :
       {"\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE4\xBA", "\xFF"}) {
    auto all = csv("a\nok\n" + std::string(bad) + "\n");
    EXPECT_TRUE(all.back().starts_with("source.bad_encoding") &&
                all.back().find(":3:") != std::string::npos)
        << all.back();
  }
  EXPECT_TRUE(
      csv("n\n\x81\n", {.encoding = "windows-1252"}).back().starts_with("source.bad_encoding"));
}
TEST_F(SourceTest, ReadsGzipOfSeveralMembersAndRefusesACutOne) {
  std::string whole;
  for (std::string_view part : {"a,b\n1,2\n", "3,4\n"}) {
    auto path = (folder / "part.gz").string();
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, part.data(), static_cast<unsigned>(part.size()));
    gzclose(file);
    whole += read(path);
  }
  EXPECT_EQ(records(write("whole.csv.gz", whole)), (Lines{"2:1|2", "3:3|4"}));
  EXPECT_TRUE(records(write("cut.csv.gz", std::string_view(whole).substr(0, whole.size() - 9)))
                  .back()
                  .starts_with("source.damaged"));
}
TEST_F(SourceTest, RecordsLongerThanABlockComeWhole) {
  std::string longer(700'000, 'x');
  auto all = csv("a,b\n" + longer + ",\"" + longer + "\n" + longer + "\"\n1,2\n");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].size(), 3 * longer.size() + 4);
  EXPECT_EQ(all[1], "4:1|2");
}
TEST_F(SourceTest, ReadsJsonLinesWithNumbersAsWrittenAndNestedValuesByPointer) {
  Dialect jsonl{.format = Dialect::Format::kJsonLines};
  auto path =
      write("a.jsonl",
            "{\"id\":1,\"price\":0.10,\"owner\":{\"name\":\"Ann\"},\"tags\":[\"a\",\"b\"]}\n\n{"
            "\"id\":2,\"price\":null,\"ok\":true}\nnot json\n{\"id\":3,\"id\":4}\n[1]\n");
  auto reader = RecordReader::open(path, jsonl);
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ((*reader)->header(), (Lines{"id", "price", "/owner/name", "/tags/0", "/tags/1", "ok"}));
  EXPECT_EQ(records(path, jsonl),
            (Lines{"1:1|0.10|Ann|a|b|~", "3:2|~|~|~|~|true", "4:json.malformed", "5:json.malformed",
                   "6:json.malformed"}));
}
TEST_F(SourceTest, WhatFollowsAGzipMemberMustBeOne) {
  auto path = (folder / "a.gz").string();
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, "a,b\n1,2\n", 8);
  gzclose(file);
  auto whole = read(path);
  for (std::string_view garbage : {"x", "3,4\n", "\x1F\x8Bxx", "\x1F"}) {
    auto all = records(write("b.gz", whole + std::string(garbage)));
    EXPECT_TRUE(all.back().starts_with("source.damaged")) << all.back();
  }
  EXPECT_EQ(records(write("b.gz", whole)), (Lines{"2:1|2"}));
}
TEST_F(SourceTest, AMissingFileIsToldByItsName) {
  EXPECT_TRUE(records("/nowhere/x.csv")[0].starts_with("import.no_file /nowhere/x.csv"));
}

}  // namespace
}  // namespace rapport::import
