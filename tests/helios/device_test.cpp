#include <cstdlib>

#include "tests/helios/helios_test_base.h"

namespace alpha::helios::test {
namespace {

TEST(DeviceTest, IsAsGoodAsItsListSays) {
  const auto backend = open_helios();
  if (!backend) GTEST_SKIP() << "no Vulkan device";
  const DeviceInfo& info = backend->device().info();
  const std::vector<DeviceInfo> all = list_devices(backend->instance());
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front().name, info.name) << "the first of the list is the one that is opened";
  EXPECT_TRUE(info.can_be_used());
  EXPECT_GT(info.local_bytes, 0U);
  EXPECT_GT(backend->device().available_bytes(), 0U);
  EXPECT_LE(backend->device().available_bytes(), info.local_bytes);
}

TEST(DeviceTest, ANameThatNoDeviceHasIsRefusedWithThoseThatThereAre) {
  const auto backend = open_helios();
  if (!backend) GTEST_SKIP() << "no Vulkan device";
  try {
    const HeliosBackend other({.device = "Voodoo 2"});
    FAIL() << "it was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    for (const std::string& part : {std::string("Voodoo 2"), backend->device().info().name}) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

/// The runs of the suite at other widths are of those widths.
TEST(DeviceTest, SoftwareVulkanHasSubgroupsOfTheWidthThatTheEnvironmentAsksFor) {
  const char* width = std::getenv("LP_NATIVE_VECTOR_WIDTH");  // NOLINT(concurrency-mt-unsafe)
  if (width == nullptr) GTEST_SKIP() << "LP_NATIVE_VECTOR_WIDTH is not set";
  const auto backend = open_helios({.device = "llvmpipe"});
  if (!backend) GTEST_SKIP() << "no lavapipe";
  EXPECT_EQ(backend->device().info().subgroup_size, std::stoul(width) / 32);
}

}  // namespace
}  // namespace alpha::helios::test
