#include "alpha/runs/upload.h"

#include "tests/runs/run_fixture.h"

#include "alpha/backends/backends.h"
#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/runs/ingest.h"
#include "alpha/runs/run_store.h"
#include "alpha/tensor/create.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

class UploadTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    runs = root / "runs";
    source = root / "source";
    const auto backend = make_backend("cpu_ref", 1);
    save_checkpoint_directory(source, *backend,
                              {.config = run_config("r1"),
                               .tokenizer = Json::object(),
                               .trainer_state = Json{{"step", 5}, {"bestValLoss", 2.0}},
                               .model = {{.name = "w", .tensor = full(*backend, {100, 10}, 0.5)}}});
    upload = std::make_unique<CheckpointUpload>(runs, clock);
  }

  std::string content(std::string_view name) const { return read_file(source / name); }

  /// Every file but the manifest.
  void put_files(const std::string& run = "r1", std::int64_t step = 5) {
    for (const std::string_view name :
         {kConfigFile, kTokenizerFile, kTrainerStateFile, kModelFile}) {
      upload->put(run, step, name, 0, content(name));
    }
  }

  UploadProgress put_manifest(const std::string& run = "r1", std::int64_t step = 5) {
    return upload->put(run, step, kManifestFile, 0, content(kManifestFile));
  }

  fs::path runs;
  fs::path source;
  std::unique_ptr<CheckpointUpload> upload;
};

TEST_F(UploadTest, ACheckpointComesInPiecesAndIsThereWhenItsManifestIs) {
  const std::string model = content(kModelFile);
  for (std::size_t i = 0; i < model.size(); i += 1000) {
    const std::string piece = model.substr(i, 1000);
    EXPECT_EQ(upload->put("r1", 5, kModelFile, i, piece).received_bytes, i + piece.size());
  }
  EXPECT_EQ(upload->progress("r1", 5, kModelFile).received_bytes, model.size());
  for (const std::string_view name : {kConfigFile, kTokenizerFile, kTrainerStateFile}) {
    EXPECT_FALSE(upload->put("r1", 5, name, 0, content(name)).is_complete);
  }
  EXPECT_FALSE(fs::exists(runs / "r1" / "checkpoint-5"));
  EXPECT_TRUE(put_manifest().is_complete);
  EXPECT_FALSE(fs::exists(runs / "r1" / "checkpoint-5.upload"));
  verify_checkpoint(runs / "r1" / "checkpoint-5", CheckpointParts::everything);
  EXPECT_EQ(read_file(runs / "r1" / "checkpoint-5" / kModelFile), model);
  EXPECT_TRUE(upload->progress("r1", 5, kModelFile).is_complete);
}

TEST_F(UploadTest, ARunThatWasNeverToldOfIsMadeOfItsCheckpoint) {
  put_files("new", 5);
  put_manifest("new", 5);
  RunStore store({runs}, clock);
  store.scan();
  const auto info = store.find("new");
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->checkpoints.size(), 1U);
  EXPECT_EQ(info->run_id, "new");
  EXPECT_TRUE(info->is_ingested);
  Ingest(runs, clock)
      .handle({{"type", "run_start"},
               {"runId", "new"},
               {"modelConfig", Json::object()},
               {"trainConfig", Json::object()}});
}

TEST_F(UploadTest, PiecesFollowOneAnotherAndMayComeAgain) {
  upload->put("r1", 5, kModelFile, 0, "0123");
  EXPECT_EQ(upload->put("r1", 5, kModelFile, 4, "4567").received_bytes, 8U);
  EXPECT_EQ(upload->put("r1", 5, kModelFile, 2, "23").received_bytes, 8U);
  EXPECT_EQ(upload->put("r1", 5, kModelFile, 4, "4567").received_bytes, 8U);
  EXPECT_THROW(upload->put("r1", 5, kModelFile, 9, "x"), Error);
  EXPECT_THROW(upload->put("r1", 5, kModelFile, 4, "xxxx"), Error);
  EXPECT_THROW(upload->put("r1", 5, kModelFile, 6, "6789"), Error);
  EXPECT_EQ(read_file(runs / "r1" / "checkpoint-5.upload" / kModelFile), "01234567");
  EXPECT_EQ(upload->put("r1", 5, kModelFile, 0, "ab").received_bytes, 2U);
  EXPECT_EQ(read_file(runs / "r1" / "checkpoint-5.upload" / kModelFile), "ab");
}

TEST_F(UploadTest, AFlippedBitIsRefusedAndTheFileMayComeAnew) {
  for (const std::string_view name : {kConfigFile, kTokenizerFile, kTrainerStateFile, kModelFile}) {
    put_files();
    std::string flipped = content(name);
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
    upload->put("r1", 5, name, 0, flipped);
    try {
      put_manifest();
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
    }
    EXPECT_FALSE(fs::exists(runs / "r1" / "checkpoint-5"));
    EXPECT_FALSE(fs::exists(runs / "r1" / "checkpoint-5.upload" / kManifestFile));
  }
  put_files();
  EXPECT_TRUE(put_manifest().is_complete);
}

TEST_F(UploadTest, AFileThatIsMissingOrShortIsRefused) {
  put_files();
  fs::remove(runs / "r1" / "checkpoint-5.upload" / kTokenizerFile);
  EXPECT_THROW(put_manifest(), Error);
  put_files();
  upload->put("r1", 5, kModelFile, 0, content(kModelFile).substr(1));
  EXPECT_THROW(put_manifest(), Error);
  EXPECT_FALSE(fs::exists(runs / "r1" / "checkpoint-5"));
}

TEST_F(UploadTest, AManifestThatIsNoneIsRefused) {
  put_files();
  std::string text = content(kManifestFile);
  EXPECT_THROW(upload->put("r1", 5, kManifestFile, 0, text.substr(0, text.size() / 2)), Error);
  EXPECT_THROW(upload->put("r1", 5, kManifestFile, 3, text), Error);
  EXPECT_THROW(upload->put("r1", 5, kManifestFile, 0, ""), Error);
  EXPECT_THROW(upload->put("r1", 5, kManifestFile, 0, std::string(100'000, ' ')), Error);
  text.replace(text.find("model.safetensors"), 17, "../../etc/passwd_");
  EXPECT_THROW(upload->put("r1", 5, kManifestFile, 0, text), Error);
  EXPECT_TRUE(put_manifest().is_complete);
}

TEST_F(UploadTest, ACheckpointThatIsThereStays) {
  put_files();
  put_manifest();
  EXPECT_TRUE(put_manifest().is_complete);
  put_files();
  EXPECT_TRUE(put_manifest().is_complete);
  EXPECT_FALSE(fs::exists(runs / "r1" / "checkpoint-5.upload"));
  std::string config = content(kConfigFile);
  config += " ";
  put_files();
  upload->put("r1", 5, kConfigFile, 0, config);
  Manifest manifest = parse_manifest(content(kManifestFile), "m");
  manifest.files[std::string(kConfigFile)] = {config.size(), xxh3(config)};
  EXPECT_THROW(upload->put("r1", 5, kManifestFile, 0, render_manifest(manifest)), Error);
  EXPECT_EQ(read_file(runs / "r1" / "checkpoint-5" / kConfigFile), content(kConfigFile));
}

TEST_F(UploadTest, FilesThatTheManifestDoesNotListGo) {
  put_files();
  upload->put("r1", 5, kOptimizerFile, 0, "left over");
  EXPECT_TRUE(put_manifest().is_complete);
  EXPECT_FALSE(fs::exists(runs / "r1" / "checkpoint-5" / kOptimizerFile));
}

TEST_F(UploadTest, TheSizeOfACheckpointIsBounded) {
  upload = std::make_unique<CheckpointUpload>(runs, clock, UploadOptions{.max_bytes = 100});
  upload->put("r1", 5, kModelFile, 0, std::string(60, 'x'));
  EXPECT_THROW(upload->put("r1", 5, kModelFile, 60, std::string(41, 'x')), Error);
  EXPECT_THROW(upload->put("r1", 5, kOptimizerFile, 0, std::string(41, 'x')), Error);
  upload->put("r1", 5, kOptimizerFile, 0, std::string(40, 'x'));
  upload->put("r1", 5, kOptimizerFile, 0, std::string(40, 'y'));
}

TEST_F(UploadTest, NoNameIsAPath) {
  for (const char* run : {"", ".", "..", "../x", "a/b", "/tmp", ".a", "a\\b", "a b", "a%2e"}) {
    EXPECT_THROW(upload->put(run, 5, kModelFile, 0, "x"), Error) << run;
    EXPECT_THROW(upload->progress(run, 5, kModelFile), Error) << run;
  }
  for (const char* file :
       {"", ".", "..", "../config.json", "/etc/passwd", "model.safetensors/", "./config.json",
        "config.json ", "CONFIG.JSON", "sub/config.json", "metrics.jsonl", "manifest.json\n"}) {
    EXPECT_THROW(upload->put("r1", 5, file, 0, "x"), Error) << file;
  }
  EXPECT_THROW(upload->put("r1", 5, std::string_view("config.json\0", 12), 0, "x"), Error);
  EXPECT_THROW(upload->put(std::string_view("r1\0x", 4), 5, kModelFile, 0, "x"), Error);
  EXPECT_THROW(upload->put("r1", -1, kModelFile, 0, "x"), Error);
  EXPECT_FALSE(fs::exists(runs));
}

TEST_F(UploadTest, LinksAreNotFollowed) {
  make_directories(root / "outside");
  make_directories(runs / "r1");
  fs::create_directory_symlink(root / "outside", runs / "link");
  EXPECT_THROW(upload->put("link", 5, kModelFile, 0, "x"), Error);
  fs::create_directory_symlink(root / "outside", runs / "r1" / "checkpoint-5.upload");
  EXPECT_THROW(upload->put("r1", 5, kModelFile, 0, "x"), Error);
  make_directories(runs / "r1" / "checkpoint-6.upload");
  fs::create_symlink(root / "outside" / "new", runs / "r1" / "checkpoint-6.upload" / kModelFile);
  EXPECT_THROW(upload->put("r1", 6, kModelFile, 0, "x"), Error);
  EXPECT_TRUE(fs::is_empty(root / "outside"));
}

TEST_F(UploadTest, ALocalRunGetsNoUpload) {
  write_file_atomic(runs / "local" / "config.json", run_config("local").dump());
  EXPECT_THROW(upload->put("local", 5, kModelFile, 0, "x"), Error);
}

TEST_F(UploadTest, AnUploadThatNothingWasAddedToForADayGoes) {
  upload->put("r1", 5, kModelFile, 0, "x");
  put_files("r2", 7);
  put_manifest("r2", 7);
  clock.now_ms = SystemClock().unix_ms() + 23 * 3'600'000;
  upload->remove_stale();
  EXPECT_TRUE(fs::exists(runs / "r1" / "checkpoint-5.upload"));
  clock.now_ms += 2 * 3'600'000;
  CheckpointUpload after_restart(runs, clock);
  EXPECT_FALSE(fs::exists(runs / "r1" / "checkpoint-5.upload"));
  EXPECT_TRUE(fs::exists(runs / "r2" / "checkpoint-7"));
}

}  // namespace
}  // namespace alpha
