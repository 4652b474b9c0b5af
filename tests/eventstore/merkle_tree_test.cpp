#include "eventstore/proof/merkle_tree.h"

#include <gtest/gtest.h>

#include "eventstore/event.h"

namespace rapport {
namespace {

// The test vectors of Certificate Transparency's reference implementation.
const std::string_view kLeaves[] = {
    std::string_view("", 0),
    std::string_view("\x00", 1),
    "\x10",
    "\x20\x21",
    "\x30\x31",
    "\x40\x41\x42\x43",
    "\x50\x51\x52\x53\x54\x55\x56\x57",
    "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
};
const char* const kRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

// RFC 6962, section 2.1, as it is written there: split at the largest power of two below the count.
Hash root_by_definition(std::span<const Hash> leaves) {
  if (leaves.empty()) return sha256({});
  if (leaves.size() == 1) return leaves[0];
  std::size_t left = 1;
  while (left * 2 < leaves.size()) left *= 2;
  return node_hash(root_by_definition(leaves.first(left)), root_by_definition(leaves.subspan(left)));
}

TEST(MerkleTree, HasTheRootsOfTheReference) {
  MerkleTree tree;
  EXPECT_EQ(to_hex(tree.root()), kRoots[0]);
  for (std::size_t i = 0; i < std::size(kLeaves); ++i) {
    tree.add(leaf_hash(bytes_of(kLeaves[i])));
    EXPECT_EQ(to_hex(tree.root()), kRoots[i + 1]);
  }
}

TEST(MerkleTree, HasTheRootOfTheDefinitionAtEverySize) {
  MerkleTree tree;
  std::vector<Hash> leaves;
  for (int i = 0; i < 300; ++i) {
    leaves.push_back(leaf_hash(bytes_of(std::to_string(i))));
    tree.add(leaves.back());
    ASSERT_EQ(tree.root(), root_by_definition(leaves)) << i;
  }
}

TEST(MerkleTree, GoesOnFromItsEdge) {
  MerkleTree tree;
  for (int i = 0; i < 200; ++i) {
    auto again = MerkleTree::from_edge(tree.size(), tree.edge());
    ASSERT_TRUE(again);
    auto leaf = leaf_hash(bytes_of(std::to_string(i)));
    again->add(leaf);
    tree.add(leaf);
    ASSERT_EQ(again->root(), tree.root());
  }
  EXPECT_FALSE(MerkleTree::from_edge(tree.size() + 1, tree.edge() + 'x'));
  EXPECT_FALSE(MerkleTree::from_edge(tree.size(), tree.edge().substr(1)));
}

// RFC 4231, cases 1, 2 and 6.
TEST(Sha256, HmacIsThatOfTheStandard) {
  EXPECT_EQ(to_hex(hmac_sha256(bytes_of(std::string(20, '\x0b')), {bytes_of(std::string_view("Hi There"))})),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(bytes_of(std::string_view("Jefe")), {bytes_of(std::string_view("what do ya want ")),
                                                                    bytes_of(std::string_view("for nothing?"))})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(bytes_of(std::string(131, '\xaa')),
                               {bytes_of(std::string_view("Test Using Larger Than Block-Size Key - Hash Key First"))})),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace rapport
