// Edits of the page file of a small store, with the checksums put right again from the pages up, so
// that they do not hide what comes after them. Opening must refuse, or give a store whose tables
// can be read to the end or to an error, checked and written; salvage must come to an end as well.
//
// Input: edits of five bytes: block, place in it (2), what to do, a byte.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "io/sim_file_system.h"
#include "page/map_block.h"
#include "page/superblock.h"
#include "store/salvage.h"
#include "store/store.h"
#include "tree/cursor.h"

namespace {

using namespace nacre;
using namespace nacre::store;
using page::kBlockSize;
using page::kPageSize;
using page::MappingWord;
using page::Place;

constexpr std::uint64_t kMapWords = 64;  // where a map block's words begin

Options options_for(io::SimFileSystem& disk) {
  Options options;
  options.file_system = &disk;
  options.cache_bytes = std::size_t{1} << 20;
  options.held_bytes_max = std::size_t{1} << 18;
  return options;
}

void commit(Store& store, const BatchWriter& batch) {
  const Time time{number(store.log().last_time()) + 1};
  const auto position = store.log().append(time, batch.bytes());
  NACRE_CHECK(position.has_value(), "nothing fails on this disk");
  NACRE_CHECK(store.log().wait_durable(*position).has_value(), "nothing fails on this disk");
  NACRE_CHECK(store.apply(*position, time, batch.bytes()).has_value(), "the batch is right");
  store.publish();
}

// Two tables, one of three levels' worth of fences, in a clean checkpoint.
std::unique_ptr<io::SimFileSystem> write_store() {
  auto disk = std::make_unique<io::SimFileSystem>(1);
  Options options = options_for(*disk);
  options.create_if_missing = true;
  auto store = Store::open("s", options);
  NACRE_CHECK(store.has_value(), "nothing fails on this disk");
  BatchWriter batch;
  for (int i = 0; i < 100; ++i) {
    batch.put(TableId{1}, as_bytes(format("key{:04}", i)), as_bytes(std::string(200, 'v')));
  }
  batch.put(TableId{2}, as_bytes("a"), as_bytes("1"));
  commit(**store, batch);
  auto cut = (*store)->cut(/*clean=*/true);
  NACRE_CHECK(cut.has_value() && (*store)->write_checkpoint(*cut).has_value(),
              "nothing fails on this disk");
  NACRE_CHECK((*store)->close().has_value(), "nothing fails on this disk");
  return disk;
}

// The superblock block of the newest checkpoint, first copy.
std::uint64_t top_of(const std::string& file) {
  const auto seq = [&](std::uint64_t block) {
    return load_le<std::uint64_t>(
        reinterpret_cast<const std::byte*>(file.data() + block * kBlockSize + 32));
  };
  return seq(0) > seq(1) ? 0 : 1;
}

// Checksums of all pages the map names, of the map, and of the superblocks.
void fix(std::string& contents, std::uint64_t top) {
  const MutableBytes file = std::as_writable_bytes(std::span(contents));
  std::byte* superblock = file.data() + top * kBlockSize;
  Place map = MappingWord(load_le<std::uint64_t>(superblock + 56)).place();
  if ((map.block + 1) * kBlockSize > file.size()) return;
  std::byte* block = file.data() + map.block * kBlockSize;
  for (std::size_t i = 0; i < page::kMapFanout; ++i) {
    const MappingWord word(load_le<std::uint64_t>(block + kMapWords + 8 * i));
    Place place = word.place();
    if (word.bits() == 0 || place.block * kBlockSize + kPageSize > file.size()) continue;
    const MutableBytes bytes = file.subspan(place.block * kBlockSize, kPageSize);
    const std::uint32_t checksum = crc32c(Bytes(bytes).subspan(4));
    store_le(bytes.data(), checksum);
    store_le(block + kMapWords + 8 * i,
             (word.bits() & 0xffff'ffff'ffff) | std::uint64_t{checksum & 0xffff} << 48);
  }
  const std::uint32_t checksum = crc32c(Bytes(block + 4, kBlockSize - 4));
  store_le(block, checksum);
  store_le(superblock + 56, (load_le<std::uint64_t>(superblock + 56) & 0xffff'ffff'ffff) |
                                std::uint64_t{checksum & 0xffff} << 48);
  store_le(superblock + 12,
           crc32c(Bytes(superblock + 16, kBlockSize - 16), crc32c(Bytes(superblock, 12))));
  const Bytes copy(superblock, kBlockSize);
  std::ranges::copy(copy, file.data() + (top + 2) * kBlockSize);
}

void edit(std::string& file, Bytes edits) {
  const std::uint64_t top = top_of(file);
  bool fixes = true;
  for (; edits.size() >= 5; edits = edits.subspan(5)) {
    const std::uint64_t blocks = file.size() / kBlockSize;
    if (blocks <= 4) break;
    const std::uint64_t at = static_cast<std::uint64_t>(edits[0]) % blocks * kBlockSize +
                             load_le<std::uint16_t>(edits.data() + 1) % kBlockSize;
    const auto what = static_cast<unsigned>(edits[3]);
    const auto byte = static_cast<char>(edits[4]);
    if (what < 120) file[at] = byte;
    if (what >= 120 && what < 180) file[at] = static_cast<char>(file[at] + byte);
    if (what >= 180 && what < 240) file[at] = static_cast<char>(file[at] ^ byte);
    if (what >= 240 && what < 244) fixes = false;
    if (what >= 244 && what < 248) file.resize(at);
  }
  if (fixes && file.size() > 4 * kBlockSize) fix(file, top);
}

void use(Store& store) {
  const Snapshot snapshot = store.snapshot();
  for (std::uint32_t table = 1; table <= 2; ++table) {
    const auto tree = snapshot.table(TableId{table});
    if (!tree.has_value()) continue;
    tree::Cursor rows(*tree, snapshot.view());
    auto more = rows.seek_first();
    for (int i = 0; more.has_value() && *more && i < 10'000; ++i) more = rows.next();
    more = rows.seek_last();
    for (int i = 0; more.has_value() && *more && i < 10'000; ++i) more = rows.prev();
  }
  [[maybe_unused]] const auto verified = store.verify(snapshot, true);
  [[maybe_unused]] const auto found = snapshot.get(TableId{1}, as_bytes("key0050"));
}

void write(Store& store) {
  BatchWriter batch;
  batch.put(TableId{1}, as_bytes("key0050"), as_bytes("new"));
  batch.remove(TableId{1}, as_bytes("key0051"));
  batch.drop_table(TableId{2});
  const Time time{number(store.log().last_time()) + 1};
  const auto position = store.log().append(time, batch.bytes());
  if (!position.has_value()) return;
  if (!store.log().wait_durable(*position).has_value()) return;
  if (!store.apply(*position, time, batch.bytes()).has_value()) return;
  store.publish();
  auto cut = store.cut(/*clean=*/false);
  if (cut.has_value()) [[maybe_unused]]
    const auto written = store.write_checkpoint(*cut);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<io::SimFileSystem> whole = write_store();
  const auto disk = whole->clone(1);
  std::string file = disk->contents("s/store.dat");
  edit(file, Bytes(reinterpret_cast<const std::byte*>(data), size));
  disk->replace_contents("s/store.dat", std::move(file));
  [[maybe_unused]] const auto saved = salvage("s", "t", options_for(*disk));
  auto store = Store::open("s", options_for(*disk));
  if (!store.has_value()) return 0;
  use(**store);
  write(**store);
  use(**store);
  return 0;
}
