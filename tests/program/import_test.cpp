// What an import leaves on the disk, and what it refuses before it touches anything.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;

// Cases as they are now: names and words are personal to the schema, the mapping says nothing of it.
const std::string kMapping = R"({"mapping": "people", "tables": [
  {"table": "people", "mode": "state", "key": ["id"], "at": "always",
   "columns": {"id": {"required": true}, "name": {}, "sector": {}},
   "commands": [
    {"command": "account/create", "id": "{id}", "on": "first", "fields": {"kind": "person", "name": "{name}", "industry": "{sector}"}},
    {"command": "account/changeDetails", "id": "{id}", "on": "later", "patch": {"name": "{name}", "industry": "{sector}"}}]},
  {"table": "tickets", "mode": "history", "key": ["ticket"], "at": "{at}",
   "columns": {"ticket": {"required": true}, "at": {"datatype": "datetime", "required": true}, "subject": {}, "words": {}},
   "commands": [
    {"command": "case/open", "id": "{ticket}", "on": "first", "fields": {"subject": "{subject}", "text": "{words}"}},
    {"command": "case/reply", "id": "{ticket}", "on": "later", "fields": {"direction": "inbound", "public": true, "text": "{words}"}}]},
  {"table": "names", "mode": "state", "key": ["code"], "at": "always",
   "columns": {"code": {"required": true}, "speaker": {}}, "commands": []},
  {"table": "calls", "mode": "rows", "at": "{called}",
   "columns": {"call": {"required": true}, "called": {"datatype": "datetime", "required": true}, "by": {},
     "who": {"lookup": {"table": "names", "key": ["{by}"], "column": "speaker"}}},
   "commands": [{"command": "case/open", "id": "call-{call}", "fields": {"subject": "{who}"}}]}]})";

struct ImportProgram : Folder {
  std::string mapping = write("mapping.json", kMapping);
  std::string people(const std::string& rows) { return write("people.csv", "id,name,sector\n" + rows); }
  Ran import(const std::vector<std::string>& files, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"import", mapping, "--data", store(), "--format", "json", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), files.begin(), files.end());
    return run(arguments);
  }
  // Files of the store that hold a text.
  std::vector<std::string> where(const std::string& text) const {
    std::vector<std::string> found;
    for (auto& entry : fs::recursive_directory_iterator(store()))
      if (entry.is_regular_file() && read_file(entry.path()).find(text) != std::string::npos)
        found.push_back(fs::relative(entry.path(), store()).string());
    return found;
  }
  std::uint64_t position() { return run({"inspect", "--data", store()}).json().value("position", 0ULL); }
};
using Names = std::vector<std::string>;

TEST_F(ImportProgram, NothingThatASourceSaidOfAPersonLiesReadableInTheStore) {
  auto tickets = write("tickets.csv", "ticket,at,subject,words\nt1,2025-01-01T10:00:00Z,Subject Schluesselbund,Words Regenschirm\n"
                                      "t1,2025-01-02T10:00:00Z,Subject Schluesselbund,Words Gartenzaun\n");
  auto names = write("names.csv", "code,speaker\nc1,Speaker Zwetschge\n");
  auto calls = write("calls.csv", "call,called,by\n1,2025-01-01T10:00:00Z,c1\n");
  auto done = import({people("a,Ottilie Wildermuth,it\n"), tickets, names, calls});
  ASSERT_EQ(done.code, 0) << done.err << done.out;
  ASSERT_EQ(import({people("a,Ottilie Wildermuth,steel\n")}).code, 0);  // read back and compared
  for (auto* text : {"Ottilie", "Schluesselbund", "Regenschirm", "Gartenzaun", "Zwetschge"}) EXPECT_EQ(where(text), Names{}) << text;
  auto events = run({"events", "--data", store(), "--stream", "account-a"}).out;
  EXPECT_NE(events.find("Ottilie Wildermuth"), std::string::npos) << "reading opens it";
  EXPECT_EQ(events.find("detailsChanged\",\"occurredAt\":\"", events.find("detailsChanged") + 1), events.npos);
}

TEST_F(ImportProgram, WhatAnImportRemembersHoldsNoValueOfAnyPresetsSource) {
  auto in_memory = [&](const std::string& text) {
    auto found = where(text);
    std::erase_if(found, [](auto& path) { return !path.starts_with("imports/"); });
    return found;
  };
  auto accounts = write("accounts.csv", "account,sector,year_established,revenue,employees,office_location,subsidiary_of\nAcme,zymurgy,1996,1,2,Kenya,\n");
  auto incidents = write("incidents.csv",
                         "number,incident_state,made_sla,caller_id,opened_at,sys_updated_by,sys_updated_at,contact_type,category,subcategory,"
                         "u_symptom,impact,urgency,priority,assignment_group,assigned_to\n"
                         "INC1,New,true,Caller Morgenstern,1/2/2016 10:00,Updater Abendrot,1/2/2016 10:00,Phone,Category 1,,Symptom Quitte,"
                         "2 - Medium,2 - Medium,3 - Moderate,Group 1,Resolver Holunder\n");
  ASSERT_EQ(run({"import", "crm-sales", accounts, "--data", store()}).code, 0);
  auto done = run({"import", "incident-log", incidents, "--data", store()});
  ASSERT_EQ(done.code, 0) << done.err << done.out;
  for (auto* text : {"zymurgy", "Acme", "Kenya", "Abendrot", "Quitte", "Holunder"}) EXPECT_EQ(in_memory(text), Names{}) << text;
  EXPECT_EQ(where("Morgenstern"), Names{}) << "a personal column is hashed wherever it goes";
}

// The log names every import; of one file there is one, whoever comes at the same time.
TEST_F(ImportProgram, TwoOfOneFileAtTheSameTimeAreOne) {
  std::string rows;
  for (int i = 0; i < 3'000; ++i) rows += "p" + std::to_string(i) + ",Ottilie,it\n";
  auto file = people(rows);
  Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0", "--quiet"});
  auto url = server.first_line().substr(std::string("listening on ").size());
  std::array<Ran, 2> done;
  {
    std::vector<std::jthread> both;
    for (auto& one : done)
      both.emplace_back([&] { one = run({"import", mapping, file, "--server", url, "--format", "json", "--quiet"}); });
  }
  std::map<std::string, int> sums;
  for (auto& one : done) {
    ASSERT_EQ(one.code, 0) << one.err;
    for (auto* name : {"accepted", "already", "rejected"}) sums[name] += one.json()[name].get<int>();
  }
  EXPECT_EQ(done[0].json()["import"], done[1].json()["import"]) << "the second says which import it was";
  EXPECT_EQ(sums, (std::map<std::string, int>{{"accepted", 3'000}, {"already", 3'000}, {"rejected", 0}}));
  auto started = run({"events", "--server", url, "--type", "batch.importStarted", "--format", "json"}).out;
  EXPECT_EQ(std::count(started.begin(), started.end(), '\n'), 1) << started;
  EXPECT_EQ(run({"inspect", "--server", url, "--format", "json"}).json()["position"], 3'002) << "each row once, between the import's own two events";
}

TEST_F(ImportProgram, TheRejectsFileIsNeverAnotherFile) {
  auto file = people("a,A,it\n,B,it\n");
  auto source = read_file(file);
  auto refused = [&](const std::string& rejects, const std::string& code) {
    auto ran = import({file}, {"--rejects", rejects});
    EXPECT_EQ(ran.code, 2) << ran.err;
    EXPECT_EQ(ran.error().value("code", ""), code) << ran.err;
    EXPECT_FALSE(fs::exists(store())) << "refused before anything was imported";
  };
  refused(file, "import.rejects_in_use");
  EXPECT_EQ(read_file(file), source);
  auto link = path("link.csv");
  fs::create_hard_link(file, link);
  refused(link, "import.rejects_in_use");
  auto other = write("thesis.txt", "years of work");
  refused(other, "import.rejects_in_use");
  EXPECT_EQ(read_file(other), "years of work");
  refused("/dev/null", "import.rejects_in_use");
  refused(folder.string(), "import.rejects_unwritable");
  refused("/proc/nowhere/rejects.csv", "import.rejects_unwritable");
}

TEST_F(ImportProgram, TheRejectsFileIsWrittenByteForByteAndGoesWhenNothingIsRejected) {
  auto file = people("a,A,it\n,\"B \"\"the\r\nbold\"\"\",it\r\n");
  auto rejects = path("rejects.csv");
  EXPECT_EQ(import({file}, {"--rejects", rejects}).code, 1);
  EXPECT_EQ(read_file(rejects),
            "file,line,column,code,message,place,text\r\n"
            "people.csv,3,id,value.missing,has no value,/tables/0/columns/id,\",\"\"B \"\"\"\"the\r\nbold\"\"\"\"\"\",it\"\r\n");
  struct stat facts {};
  ASSERT_EQ(stat(rejects.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(import({people("b,B,it\n")}, {"--rejects", rejects}).code, 0);
  EXPECT_FALSE(fs::exists(rejects)) << "it would tell of the run before";
}

TEST_F(ImportProgram, ArgumentsThatAreNoFilesAreRefusedAndLeaveNoStore) {
  auto file = people("a,A,it\n");
  auto refused = [&](const std::vector<std::string>& arguments, int code, const std::string& reason) {
    auto all = arguments;
    for (auto word : {std::string("--data"), store(), std::string("--format"), std::string("json")}) all.push_back(word);
    auto ran = run(all);
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_EQ(ran.error().value("code", ""), reason) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_FALSE(fs::exists(store())) << reason;
  };
  refused({"import", folder.string(), file}, 2, "import.no_mapping");
  refused({"import", "crm-sale", file}, 2, "import.no_mapping");
  refused({"import", mapping, folder.string()}, 2, "import.not_a_file");
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  refused({"import", mapping, path("pipe")}, 2, "import.not_a_file");
  refused({"import", mapping, "/dev/zero"}, 2, "import.not_a_file");
  refused({"import", mapping, path("none.csv")}, 1, "import.no_file");
  refused({"import", mapping, file, file}, 2, "import.file_repeated");
  refused({"import", mapping, write("other.csv", "a,b\n1,2\n")}, 2, "import.no_table");
  refused({"import", mapping, write("empty.csv", "")}, 1, "csv.no_header");
  refused({"command", "account/x", "creat", "{}"}, 2, "command.unknown_command");
  refused({"command", "acount/x", "create", "{}"}, 2, "command.unknown_aggregate");
  refused({"command", "account/x", "assignOwner", "{\"ownerId\":\"a\"}"}, 1, "account.not_found");
  refused({"import", mapping}, 2, "usage");
  refused({"imprt", mapping, file}, 2, "usage.unknown_verb");
  EXPECT_NE(run({"imprt"}).err.find("did you mean \"import\""), std::string::npos);
  refused({"import", mapping, file, "--colour", "red"}, 2, "usage");
}

TEST_F(ImportProgram, AFileThatBreaksOffTellsWhatCameBefore) {
  auto broken = import({people("a,A,it\nb,B,it\n\"c\"x,C,it\nd,D,it\n")});
  EXPECT_EQ(broken.code, 1) << broken.err;
  EXPECT_EQ(broken.error().value("code", ""), "csv.broken_quotes") << broken.err;
  EXPECT_EQ(broken.error().value("row", 0), 4) << broken.err;
  auto summary = broken.json();
  EXPECT_EQ(summary.value("accepted", 0), 2) << broken.out;
  EXPECT_EQ(summary["aborted"]["code"], "csv.broken_quotes");
  EXPECT_NE(summary.value("import", ""), "");
  EXPECT_EQ(position(), summary["position"]);
  // Corrected, the rest comes.
  auto whole = import({people("a,A,it\nb,B,it\nc,C,it\nd,D,it\n")}).json();
  EXPECT_EQ(whole["accepted"], 2) << whole;
  EXPECT_EQ(whole["already"], 2) << whole;
}

TEST_F(ImportProgram, WhatFollowsTheEndOfAGzipFileIsNoSilentLoss) {
  auto packed = path("people.csv.gz");
  gzFile file = gzopen(packed.c_str(), "wb");
  std::string text = "id,name,sector\na,A,it\n";
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  auto whole = read_file(packed);
  auto damaged = import({write("people.csv.gz", whole + "b,B,it\n")});
  EXPECT_EQ(damaged.code, 1) << damaged.out;
  EXPECT_EQ(damaged.error().value("code", ""), "source.damaged") << damaged.err;
  EXPECT_EQ(import({write("people.csv.gz", whole)}).code, 0);
}

TEST_F(ImportProgram, ADryRunLeavesTheDiskAsItWas) {
  ASSERT_EQ(run({"command", "account/x", "create", "{\"kind\":\"person\"}", "--data", store()}).code, 0);
  auto names = [&] {
    std::map<std::string, std::string> all;
    for (auto& entry : fs::recursive_directory_iterator(store()))
      if (auto name = fs::relative(entry.path(), store()).string(); name.starts_with("imports") || name.starts_with("rejects"))
        all[name] = entry.is_regular_file() ? read_file(entry.path()) : "";
    return all;
  };
  auto file = people("a,A,it\n,B,it\n");
  auto before = names();
  auto dry = import({file}, {"--dry-run"}).json();
  EXPECT_EQ(dry["accepted"], 1) << dry;
  EXPECT_EQ(names(), before);
  EXPECT_EQ(position(), 1u);
  auto real = import({file}).json();
  EXPECT_EQ(real["accepted"], dry["accepted"]);
  EXPECT_EQ(real["events"], dry["events"]);
  EXPECT_EQ(import({file}, {"--dry-run"}).json()["already"], 1);
}

TEST_F(ImportProgram, VerifyMissesWhatImportsRemembered) {
  ASSERT_EQ(import({people("a,A,it\n")}).code, 0);
  ASSERT_EQ(run({"verify", "--data", store()}).code, 0);
  fs::remove_all(store() + "/imports");
  auto ran = run({"verify", "--data", store()});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.json().value("what", "").find("the memory of imports"), std::string::npos) << ran.out;
  EXPECT_EQ(import({people("a,A,it\n")}).code, 0) << "the earlier file restores it";
  EXPECT_EQ(run({"verify", "--data", store()}).code, 0);
  // A loaded log never had it: what its imports remembered stayed in the other store.
  auto dump = write("dump.jsonl", run({"dump", "--data", store()}).out);
  ASSERT_EQ(run({"load", dump, "--data", path("copy")}).code, 0);
  EXPECT_EQ(run({"verify", "--data", path("copy")}).code, 0);
}

TEST_F(ImportProgram, AnEventSaysWhichRowOfWhichFileItCameFrom) {
  ASSERT_EQ(import({people("a,A,it\nb,B,it\n")}).code, 0);
  auto event = nlohmann::json::parse(run({"events", "--data", store(), "--stream", "account-b", "--format", "json"}).out);
  EXPECT_EQ(event["source"]["channel"], "import");
  EXPECT_EQ(event["source"]["file"], "people.csv");
  EXPECT_EQ(event["source"]["line"], 3);
  EXPECT_EQ(event["asFact"], true);
  EXPECT_EQ(event["actor"]["kind"], "import");
  auto start = nlohmann::json::parse(run({"events", "--data", store(), "--type", "batch.importStarted", "--format", "json"}).out);
  EXPECT_EQ(event["causation"], start["id"]) << "the batch is its cause";
  EXPECT_EQ(event["correlationId"], start["correlationId"]);
  auto unknown = run({"events", "--data", store(), "--type", "account.creatd", "--format", "json"});
  EXPECT_EQ(unknown.code, 2) << unknown.err;
  EXPECT_NE(unknown.err.find("account.created"), std::string::npos) << unknown.err;
}

TEST_F(ImportProgram, TextsThatBreakNaiveCodeComeBackByteForByte) {
  const std::vector<std::string> texts{"𠮷野家测试", "张𤧛", "阿卜杜拉·买买提", "阿卜杜拉•买买提", " 王芳 ", "王　芳", "王\u200B芳", "\uFEFF王芳",
                                       "張偉", "ＡＢＣ１２３", "أحمد", "👨\u200D👩\u200D👧", "=1+1", "'; DROP TABLE x;--", "<b>&amp;</b>", "a\"b", "第一行\n第二行"};
  auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
  };
  std::string rows;
  for (std::size_t i = 0; i < texts.size(); ++i) rows += "p" + std::to_string(100 + i) + "," + quoted(texts[i]) + ",x\n";
  ASSERT_EQ(import({people(rows)}).code, 0);
  auto expect_all = [&](const std::vector<std::string>& of) {
    auto with = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), of.begin(), of.end());
      return run(arguments);
    };
    std::istringstream events(with({"events", "--type", "account.created", "--format", "json"}).out);
    auto report = with({"query", "customer360/accounts", "--sort", "id", "--format", "json"}).json()["rows"];
    auto csv = with({"query", "customer360/accounts", "--sort", "id", "--format", "csv"}).out;
    ASSERT_EQ(report.size(), texts.size());
    std::string line;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::getline(events, line);
      EXPECT_EQ(nlohmann::json::parse(line)["data"]["name"], texts[i]);
      EXPECT_EQ(report[i]["name"], texts[i]);
      bool plain = texts[i].find_first_of(",\"\n") == texts[i].npos;
      EXPECT_NE(csv.find("p" + std::to_string(100 + i) + "," + (plain ? texts[i] : quoted(texts[i])) + ","), csv.npos) << texts[i];
    }
  };
  expect_all({"--data", store()});
  auto table = run({"query", "customer360/accounts", "--data", store(), "--format", "table"}).out;
  EXPECT_NE(table.find("𠮷野家测试"), table.npos) << table;
  Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0"});
  auto line = server.first_line();
  ASSERT_TRUE(line.starts_with("listening on ")) << line;
  expect_all({"--server", line.substr(13)});
}

// Killed at ten random moments and run again, an import ends as one that ran through.
TEST_F(ImportProgram, AnImportThatIsKilledAndRunAgainEndsWithTheSameTotals) {
  std::string rows, later = "ticket,at,subject,words\n";
  for (int i = 0; i < 30'000; ++i) rows += "p" + std::to_string(i) + ",Name " + std::to_string(i) + ",s" + std::to_string(i % 7) + "\n";
  for (int i = 0; i < 20'000; ++i)
    later += "t" + std::to_string(i / 4) + ",2025-01-01T10:00:0" + std::to_string(i % 4) + "Z,S,W" + std::to_string(i) + "\n";
  std::vector<std::string> files{people(rows), write("tickets.csv", later)};
  auto whole = store();
  auto through = import(files).json();
  auto totals = [&](const std::string& data) {
    std::map<std::string, std::string> all;
    for (auto* report : {"service/summary", "customer360/accounts"})
      all[report] = run({"query", report, "--data", data, "--format", "json"}).json()["rows"].dump();
    all["events"] = run({"inspect", "--data", data}).json()["position"].dump();
    return all;
  };
  auto expected = totals(whole);
  fs::remove_all(whole);
  std::mt19937 random(testing::UnitTest::GetInstance()->random_seed());
  std::vector<std::string> arguments{"import", mapping, "--data", store(), "--quiet"};
  arguments.insert(arguments.end(), files.begin(), files.end());
  for (int kill = 0; kill < 10; ++kill) {
    Running importing(arguments);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 600));
    importing.signal(SIGKILL);
    importing.wait();
  }
  auto again = import(files);
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.json()["rejected"], 0);
  EXPECT_EQ(again.json()["rows"], through["rows"]);
  EXPECT_EQ(totals(store()), expected);
  EXPECT_EQ(run({"verify", "--data", store()}).code, 0);
}

}  // namespace
}  // namespace rapport::program
