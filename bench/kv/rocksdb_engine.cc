// RocksDB, tuned as its wiki says for data that fits in memory: a block cache larger than the data,
// bloom filters, no compression, hash index within data blocks, sorted rows as ingested files.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <utility>

#include "base/text.h"
#include "kv/engine.h"

namespace nacre::bench {
namespace {

Result<> checked(const rocksdb::Status& status, const char* call) {
  if (status.ok()) return {};
  return fail(Code::kIo, format("RocksDB: {}: {}", call, status.ToString()));
}

rocksdb::Slice as_slice(std::string_view text) { return {text.data(), text.size()}; }

class RocksSession final : public Session {
 public:
  RocksSession(rocksdb::DB& database, bool durable) : database_(database) { write_.sync = durable; }

  Result<> refresh() override { return {}; }  // a Get without a snapshot reads the newest state

  Result<bool> get(std::string_view key, Tally& tally) override {
    value_.Reset();
    const auto status =
        database_.Get(read_, database_.DefaultColumnFamily(), as_slice(key), &value_);
    if (status.IsNotFound()) return false;
    NACRE_TRY(checked(status, "Get"));
    tally.see({value_.data(), value_.size()});
    return true;
  }

  Result<> get_many(std::span<const std::string_view> keys, Tally& tally) override {
    wanted_.clear();
    for (const std::string_view key : keys) wanted_.push_back(as_slice(key));
    values_.resize(keys.size());
    statuses_.resize(keys.size());
    database_.MultiGet(read_, database_.DefaultColumnFamily(), keys.size(), wanted_.data(),
                       values_.data(), statuses_.data());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      NACRE_TRY(checked(statuses_[i], "MultiGet"));
      tally.see({values_[i].data(), values_[i].size()});
      values_[i].Reset();
    }
    return {};
  }

  Result<> scan_from(std::string_view key, std::uint64_t limit, Tally& tally) override {
    const std::unique_ptr<rocksdb::Iterator> rows(database_.NewIterator(read_));
    for (rows->Seek(as_slice(key)); rows->Valid(); rows->Next()) {
      tally.see({rows->value().data(), rows->value().size()});
      if (--limit == 0) break;
    }
    return checked(rows->status(), "Next");
  }

  Result<> scan(Tally& tally) override {
    const std::unique_ptr<rocksdb::Iterator> rows(database_.NewIterator(read_));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      tally.see({rows->value().data(), rows->value().size()});
    }
    return checked(rows->status(), "Next");
  }

  Result<> put(std::span<const Row> rows) override {
    batch_.Clear();
    for (const Row& row : rows) {
      NACRE_TRY(checked(batch_.Put(as_slice(row.key), as_slice(row.value)), "Put"));
    }
    return checked(database_.Write(write_, &batch_), "Write");
  }

  void without_log() { write_.disableWAL = true; }

 private:
  rocksdb::DB& database_;
  rocksdb::ReadOptions read_;
  rocksdb::WriteOptions write_;
  rocksdb::WriteBatch batch_;
  rocksdb::PinnableSlice value_;
  std::vector<rocksdb::Slice> wanted_;
  std::vector<rocksdb::PinnableSlice> values_;
  std::vector<rocksdb::Status> statuses_;
};

class RocksEngine final : public Engine {
 public:
  RocksEngine(std::unique_ptr<rocksdb::DB> database, rocksdb::Options options,
              std::string directory)
      : database_(std::move(database)),
        options_(std::move(options)),
        directory_(std::move(directory)) {}

  Result<> load(const Load& load) override {
    if (load.sorted) return ingest(load);
    RocksSession session(*database_, false);
    session.without_log();
    NACRE_TRY(in_batches(load, 1000, [&](std::span<const Row> rows) { return session.put(rows); }));
    return checked(database_->Flush({}), "Flush");
  }

  Result<> settle() override {
    return checked(database_->CompactRange({}, nullptr, nullptr), "CompactRange");
  }

  Result<std::unique_ptr<Session>> session(Promise promise) override {
    return std::make_unique<RocksSession>(*database_, promise == Promise::kDurable);
  }

 private:
  // Files of 64 MB, each durable when it is finished, then taken over by a rename.
  Result<> ingest(const Load& load) {
    constexpr std::uint64_t kFileBytes = std::uint64_t{64} << 20;
    std::vector<std::string> files;
    for (std::uint64_t i = 0; i < load.rows;) {
      rocksdb::SstFileWriter writer({}, options_);
      files.push_back(format("{}/load-{}.sst", directory_, files.size()));
      NACRE_TRY(checked(writer.Open(files.back()), "SstFileWriter::Open"));
      for (; i < load.rows && writer.FileSize() < kFileBytes; ++i) {
        const Row row = load.source(i);
        NACRE_TRY(
            checked(writer.Put(as_slice(row.key), as_slice(row.value)), "SstFileWriter::Put"));
      }
      NACRE_TRY(checked(writer.Finish(), "SstFileWriter::Finish"));
    }
    rocksdb::IngestExternalFileOptions how;
    how.move_files = true;
    return checked(database_->IngestExternalFile(files, how), "IngestExternalFile");
  }

  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::Options options_;
  std::string directory_;
};

rocksdb::Options tuned(std::uint64_t cache_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(cache_bytes);
  table.block_size = std::size_t{4} << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.format_version = 5;

  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = std::size_t{64} << 20;
  options.max_write_buffer_number = 4;
  options.level_compaction_dynamic_level_bytes = true;
  options.enable_pipelined_write = true;
  options.max_background_jobs = 2;
  options.max_open_files = -1;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

EngineKind rocksdb_kind() {
  return {
      "rocksdb",
      format("{}.{}.{}, LRU block cache, 4 KB blocks with hash index, bloom 10 bits, no "
             "compression, 4 x 64 MB write buffers, pipelined writes, buffered I/O, sorted rows "
             "ingested, random load without WAL and then flushed, compacted before reads; later: "
             "sync=false",
             ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH),
      [](const Setup& setup) -> Result<std::unique_ptr<Engine>> {
        const rocksdb::Options options = tuned(setup.cache_bytes);
        rocksdb::DB* database = nullptr;
        NACRE_TRY(checked(rocksdb::DB::Open(options, setup.directory + "/db", &database), "Open"));
        return std::make_unique<RocksEngine>(std::unique_ptr<rocksdb::DB>(database), options,
                                             setup.directory);
      }};
}

}  // namespace nacre::bench
