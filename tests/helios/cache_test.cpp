#include <filesystem>
#include <mutex>

#include "tests/helios/helios_test_base.h"
#include <sys/stat.h>
#include <unistd.h>

#include "alpha/core/files.h"

namespace alpha::helios::test {
namespace {

namespace fs = std::filesystem;

/// What a driver would keep: drivers of CPUs keep nothing.
const std::string kCompiled = "what a driver has compiled";

PFN_vkCreatePipelineCache real_create = nullptr;
std::mutex given_mutex;
std::string given;  // to the driver, when the last cache was made

VkResult VKAPI_CALL create_cache(VkDevice device, const VkPipelineCacheCreateInfo* info,
                                 const VkAllocationCallbacks* callbacks, VkPipelineCache* cache) {
  {
    const std::lock_guard lock(given_mutex);
    given.assign(static_cast<const char*>(info->pInitialData), info->initialDataSize);
  }
  VkPipelineCacheCreateInfo empty = *info;
  empty.initialDataSize = 0;
  return real_create(device, &empty, callbacks, cache);
}

VkResult VKAPI_CALL cache_data(VkDevice /*device*/, VkPipelineCache /*cache*/, std::size_t* size,
                               void* data) {
  *size = kCompiled.size();
  if (data != nullptr) kCompiled.copy(static_cast<char*>(data), kCompiled.size());
  return VK_SUCCESS;
}

void intercept(vk::Functions& vk) {
  if (vk.CreatePipelineCache != nullptr && vk.CreatePipelineCache != create_cache) {
    real_create = vk.CreatePipelineCache;
    vk.CreatePipelineCache = create_cache;
    vk.GetPipelineCacheData = cache_data;
  }
}

class CacheTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "no Vulkan device";
    folder_ = fs::path(testing::TempDir()) / ("alpha_cache_" + std::to_string(getpid()));
  }

  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  /// A process that computes something; what the driver was given at its start.
  std::string work() const {
    HeliosOptions options = {.cache_folder = folder_};
    options.vulkan.intercept = intercept;
    HeliosBackend backend(std::move(options));
    const std::vector<float> values = ramp(100);
    EXPECT_EQ(values_of(backend, scale(backend, tensor_of(backend, values), 1)), values);
    const std::lock_guard lock(given_mutex);
    return given;
  }

  /// The only file of the folder.
  fs::path file() const {
    const std::vector<std::string> names = list_folder(folder_);
    EXPECT_EQ(names.size(), 1U);
    return folder_ / names.at(0);
  }

  fs::path folder_;
};

TEST_F(CacheTest, WhatWasCompiledIsGivenToTheDriverOfTheNextProcess) {
  EXPECT_EQ(work(), "");
  EXPECT_EQ(work(), kCompiled);
}

TEST_F(CacheTest, ADamagedFileIsPassedOverAndReplaced) {
  work();
  const std::string whole = read_file(file());
  std::string flipped = whole;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  for (const std::string& damaged :
       {flipped, whole.substr(0, whole.size() - 1), whole.substr(0, 10), std::string(), whole + "!",
        std::string("\n"), kCompiled}) {
    write_file_atomic(file(), damaged);
    EXPECT_EQ(work(), "") << damaged;
    EXPECT_EQ(read_file(file()), whole) << damaged;
  }
}

TEST_F(CacheTest, AFolderThatCannotBeWrittenChangesNothing) {
  write_file_atomic(folder_, "a file");
  EXPECT_EQ(work(), "");
  EXPECT_EQ(read_file(folder_), "a file");
}

TEST_F(CacheTest, APipeInTheFilesPlaceIsNotWaitedFor) {
  work();
  const fs::path path = file();
  fs::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(work(), "");
}

TEST_F(CacheTest, WithoutAFolderNothingIsKept) {
  folder_.clear();
  EXPECT_EQ(work(), "");
  EXPECT_EQ(work(), "");
}

}  // namespace
}  // namespace alpha::helios::test
