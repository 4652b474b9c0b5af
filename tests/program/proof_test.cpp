// What an outsider is given to check: keys, checkpoints, proofs, tiles; on the command line and from a server.
#include <fstream>

#include "eventstore/proof/merkle_tree.h"
#include "eventstore/proof/signed_note.h"
#include "eventstore/proof/tile.h"
#include "tests/program/program.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;

struct Proofs : Folder {
  Proofs() { EXPECT_EQ(import_deals().code, 0); }
  Ran with_data(std::vector<std::string> arguments) const {
    for (const auto& more : {std::string("--data"), store(), std::string("--format"), std::string("json")}) arguments.push_back(more);
    return run(arguments);
  }
  std::string win(const std::string& deal) const {
    return with_data({"command", "opportunity/" + deal, "win", "{}", "--reason", "contract-signed"}).out;
  }
  static Hash hash_of(const nlohmann::json& hex) {
    Hash hash{};
    auto text = hex.get<std::string>();
    for (std::size_t i = 0; i < hash.size(); ++i) hash[i] = static_cast<std::uint8_t>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
    return hash;
  }
  static Proof proof_of(const nlohmann::json& document) {
    Proof proof;
    for (const auto& hash : document["proof"]) proof.push_back(hash_of(hash));
    return proof;
  }
};

TEST_F(Proofs, NeedAKeyAndKeepTheFirst) {
  auto refused = with_data({"checkpoint"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.error()["code"], "checkpoint.no_key");
  auto made = with_data({"keygen"}).json();
  ASSERT_EQ(made["verifierKeys"].size(), 1u);
  EXPECT_EQ(with_data({"inspect"}).json()["verifierKey"], made["verifierKeys"][0]);
  EXPECT_EQ(with_data({"keygen"}).error()["code"], "keys.checkpoint_exists");
  EXPECT_EQ(fs::status(made["file"].get<std::string>()).permissions() & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Proofs, ACheckpointSaysTheLogsSizeAndRootUnderItsName) {
  auto key = with_data({"keygen"}).json()["verifierKeys"][0].get<std::string>();
  auto note = SignedNote::parse(with_data({"checkpoint"}).out);
  ASSERT_TRUE(note);
  EXPECT_TRUE(note->signed_by(*NoteVerifier::parse(key)));
  auto checkpoint = *Checkpoint::parse(note->text);
  auto inspected = with_data({"inspect"}).json();
  EXPECT_EQ(checkpoint.origin, inspected["origin"]);
  EXPECT_EQ(checkpoint.size, inspected["position"]);
  EXPECT_EQ(checkpoint.root, hash_of(inspected["root"]));
}

TEST_F(Proofs, KeysChangeOverWithoutAGap) {
  auto old_key = with_data({"keygen"}).json()["verifierKeys"][0].get<std::string>();
  auto both = with_data({"keygen", "--another"}).json()["verifierKeys"];
  ASSERT_EQ(both.size(), 2u);
  auto note = *SignedNote::parse(with_data({"checkpoint"}).out);
  for (const auto& key : both) EXPECT_TRUE(note.signed_by(*NoteVerifier::parse(key.get<std::string>())));
  auto hash = old_key.substr(old_key.find('+') + 1, 8);
  EXPECT_EQ(with_data({"keygen", "--retire", hash}).json()["verifierKeys"], nlohmann::json::array({both[1]}));
  EXPECT_FALSE(SignedNote::parse(with_data({"checkpoint"}).out)->signed_by(*NoteVerifier::parse(old_key)));
  EXPECT_EQ(with_data({"keygen", "--retire", hash}).error()["code"], "keys.checkpoint_unknown");
}

TEST_F(Proofs, EveryEventIsProvedByItsStoredHead) {
  auto size = with_data({"inspect"}).json()["position"].get<std::uint64_t>();
  for (std::uint64_t position = 1; position <= size; ++position) {
    auto document = with_data({"proof", "inclusion", std::to_string(position)}).json();
    EXPECT_TRUE(includes(hash_of(document["leaf"]), position - 1, size, hash_of(document["root"]), proof_of(document))) << document;
  }
  EXPECT_EQ(with_data({"proof", "inclusion", "0"}).error()["code"], "proof.out_of_range");
  EXPECT_EQ(with_data({"proof", "inclusion", std::to_string(size + 1)}).error()["code"], "proof.out_of_range");
}

TEST_F(Proofs, TodaysLogExtendsAnOlderCheckpoint) {
  with_data({"keygen"});
  auto old = with_data({"checkpoint"}).out;
  auto file = write("old.txt", old);
  auto size = with_data({"inspect"}).json()["position"].get<std::uint64_t>();
  win("D-2");
  auto verified = with_data({"verify", "--checkpoint", file, "--quiet"});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_EQ(verified.json()["checkpoint"], size);
  auto document = with_data({"proof", "consistency", std::to_string(size)}).json();
  EXPECT_TRUE(extends(size, hash_of(document["fromRoot"]), size + 1, hash_of(document["root"]), proof_of(document)));
}

// The owner of the disk cuts the tail and writes another history: every hash of the new log is right.
TEST_F(Proofs, ARewrittenLogIsCaughtByACheckpointKeptElsewhere) {
  with_data({"keygen"});
  fs::copy(store(), path("before"), fs::copy_options::recursive);
  win("D-2");
  auto file = write("kept.txt", with_data({"checkpoint"}).out);
  fs::remove_all(store());
  fs::copy(path("before"), store(), fs::copy_options::recursive);
  with_data({"command", "opportunity/D-2", "lose", R"({"reasonCode":"price"})", "--reason", "price"});
  EXPECT_EQ(with_data({"verify", "--quiet"}).code, 0);
  auto caught = with_data({"verify", "--checkpoint", file, "--quiet"});
  EXPECT_EQ(caught.code, 1);
  EXPECT_EQ(caught.json()["ok"], false);
  EXPECT_NE(caught.json()["what"].get<std::string>().find("rewritten"), std::string::npos);
}

TEST_F(Proofs, ACheckpointThatDoesNotFitIsSaid) {
  with_data({"keygen"});
  auto note = with_data({"checkpoint"}).out;
  auto verify = [&](const std::string& text) { return with_data({"verify", "--checkpoint", write("note.txt", text), "--quiet"}); };
  auto forged = note;
  forged[forged.size() - 20] = forged[forged.size() - 20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(verify(forged).code, 1);
  EXPECT_EQ(verify("no note").error()["code"], "note.malformed");
  win("D-2");
  auto longer = with_data({"checkpoint"}).out;
  fs::remove_all(store());
  EXPECT_EQ(import_deals().code, 0);
  with_data({"keygen"});
  auto of_another = with_data({"verify", "--checkpoint", write("longer.txt", longer), "--quiet"});
  EXPECT_EQ(of_another.code, 1);
  EXPECT_EQ(with_data({"verify", "--checkpoint", path("none.txt"), "--quiet"}).code, 2);
}

TEST_F(Proofs, TilesGiveTheCheckpointsRootAndGrow) {
  with_data({"keygen"});
  auto tlog = path("tlog");
  ASSERT_EQ(with_data({"export", "tiles", tlog}).code, 0);
  win("D-2");
  EXPECT_EQ(with_data({"export", "tiles", tlog}).json()["tiles"], 2);
  auto checkpoint = *Checkpoint::parse(SignedNote::parse(read_file(fs::path(tlog) / "checkpoint"))->text);
  auto width = std::to_string(checkpoint.size);
  for (auto& part : fs::recursive_directory_iterator(tlog)) {
    if (part.path().parent_path().extension() == ".p") { EXPECT_EQ(part.path().filename(), width) << "only the newest part of a tile stays"; }
  }
  auto tile = read_file(fs::path(tlog) / ("tile/0/000.p/" + width)), bundle = read_file(fs::path(tlog) / ("tile/entries/000.p/" + width));
  MerkleTree tree;
  std::string leaves;
  for (std::string_view rest = bundle; !rest.empty();) {
    auto size = static_cast<std::size_t>(static_cast<std::uint8_t>(rest[0]) << 8 | static_cast<std::uint8_t>(rest[1]));
    auto leaf = leaf_hash(bytes_of(rest.substr(2, size)));
    tree.add(leaf);
    leaves += text_of(leaf);
    rest.remove_prefix(2 + size);
  }
  EXPECT_EQ(leaves, tile);
  EXPECT_EQ(tree.root(), checkpoint.root);
}

TEST_F(Proofs, AServerAnswersAsTheDirectoryDoes) {
  with_data({"keygen"});
  auto note = with_data({"checkpoint"}).out, proof = with_data({"proof", "inclusion", "3"}).out;
  auto file = write("note.txt", note);
  Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0"});
  auto line = server.first_line();
  auto url = line.substr(line.find("http://"));
  EXPECT_EQ(run({"checkpoint", "--server", url}).out, note);
  EXPECT_EQ(run({"proof", "inclusion", "3", "--server", url, "--format", "json"}).out, proof);
  ASSERT_EQ(run({"export", "tiles", path("tlog"), "--server", url}).code, 0);
  EXPECT_EQ(read_file(fs::path(path("tlog")) / "checkpoint"), note);
  auto verified = run({"verify", "--checkpoint", file, "--server", url, "--format", "json", "--quiet"});
  EXPECT_EQ(verified.code, 0) << verified.err;
  server.signal(15);
  server.wait();
}

}  // namespace
}  // namespace rapport::program
