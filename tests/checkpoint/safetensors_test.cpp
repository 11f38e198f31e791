#include "alpha/checkpoint/safetensors.h"

#include <array>
#include <cstdio>
#include <limits>
#include <memory>

#include "tests/checkpoint/support.h"

#include "alpha/core/hash.h"

namespace alpha {
namespace {

using test::bytes_of;
using test::CopyBackend;
using test::counting;
using test::error_of;
using test::slurp;
using test::spill;
using test::TempDir;

/// Tensors of every dtype and of ranks 0 to 6, some of them without elements.
std::vector<NamedTensor> all_kinds(Backend& backend) {
  return {{"half", counting(backend, {3}, DType::f16, 1)},
          {"float.weight", counting(backend, {2, 3}, DType::f32, 40)},
          {"brain", counting(backend, {1, 5, 1}, DType::bf16, 90)},
          {"double \"quoted\" \xc3\xa4", counting(backend, {}, DType::f64, 120)},
          {"ids", counting(backend, {2, 1, 1, 1, 1, 2}, DType::i32, 200)},
          {"nothing", counting(backend, {4, 0}, DType::f32, 0)}};
}

TEST(Safetensors, EveryDtypeAndRankComesBackBitForBit) {
  const TempDir dir;
  CopyBackend backend;
  const auto tensors = all_kinds(backend);
  write_safetensors(dir / "x", backend, tensors, {{"key", "value \"1\""}, {"a", ""}});

  const SafetensorsFile file(dir / "x");
  EXPECT_EQ(file.entries().size(), tensors.size());
  EXPECT_EQ(file.metadata(), (SafetensorsMetadata{{"a", ""}, {"key", "value \"1\""}}));
  for (const auto& [name, tensor] : tensors) {
    const Tensor loaded = counting(backend, tensor.shape(), tensor.dtype(), 77);
    file.load_into(backend, name, loaded);
    EXPECT_EQ(bytes_of(backend, loaded), bytes_of(backend, tensor)) << name;
  }
}

TEST(Safetensors, DataIsAlignedToItsElementsAndBeginsAtAMultipleOf64) {
  const TempDir dir;
  CopyBackend backend;
  write_safetensors(dir / "x", backend, all_kinds(backend));
  const SafetensorsFile file(dir / "x");
  EXPECT_EQ(file.entries()[0].name, "double \"quoted\" \xc3\xa4");
  for (const SafetensorsEntry& entry : file.entries()) {
    const auto address = reinterpret_cast<std::uintptr_t>(file.bytes(entry).data());
    EXPECT_EQ(address % size_of(entry.dtype), 0U) << entry.name;
  }
  const auto data = reinterpret_cast<std::uintptr_t>(file.bytes(file.entries()[0]).data());
  EXPECT_EQ(data % 64, 0U);  // the mapping begins at a page
}

TEST(Safetensors, TheReturnedDigestIsThatOfTheFile) {
  const TempDir dir;
  CopyBackend backend;
  const FileDigest digest = write_safetensors(dir / "x", backend, all_kinds(backend));
  const std::string content = slurp(dir / "x");
  EXPECT_EQ(digest, (FileDigest{content.size(), xxh3(content)}));
}

TEST(Safetensors, AFileWithoutTensorsIsValid) {
  const TempDir dir;
  CopyBackend backend;
  write_safetensors(dir / "x", backend, {});
  const SafetensorsFile file(dir / "x");
  EXPECT_TRUE(file.entries().empty());
}

TEST(Safetensors, TensorsLargerThanOnePieceAreWrittenWhole) {
  const TempDir dir;
  CopyBackend backend;
  const std::array tensors = {
      NamedTensor{"large", counting(backend, {5, 1000, 1001}, DType::f32, 3)}};
  write_safetensors(dir / "x", backend, tensors);
  EXPECT_EQ(bytes_of(SafetensorsFile(dir / "x"), "large"), bytes_of(backend, tensors[0].tensor));
}

TEST(Safetensors, PythonReadsTheFileWithNothingButItsStandardLibrary) {
  const TempDir dir;
  CopyBackend backend;
  const auto tensors = all_kinds(backend);
  write_safetensors(dir / "x", backend, tensors);
  const auto script = std::filesystem::path(__FILE__).parent_path().parent_path() / "golden" /
                      "read_safetensors.py";
  const std::string command =
      fmt::format("python3 '{}' '{}'", script.string(), (dir / "x").string());
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  ASSERT_NE(pipe, nullptr);
  std::string printed;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    printed.append(buffer.data(), n);
  }
  std::string expected;
  const SafetensorsFile file(dir / "x");
  for (const SafetensorsEntry& entry : file.entries()) {
    const auto& tensor = std::find_if(tensors.begin(), tensors.end(), [&](const auto& named) {
                           return named.name == entry.name;
                         })->tensor;
    const std::string bytes = bytes_of(backend, tensor);
    expected += fmt::format("{}|{}|{}|", entry.name, safetensors_dtype_name(tensor.dtype()),
                            tensor.shape());
    for (const char c : bytes) expected += fmt::format("{:02x}", static_cast<unsigned char>(c));
    expected += '\n';
  }
  EXPECT_EQ(printed, expected);
}

TEST(Safetensors, WritingRefusesNamesThatAreRepeatedReservedOrNoText) {
  const TempDir dir;
  CopyBackend backend;
  const Tensor t = counting(backend, {1}, DType::f32, 0);
  const auto write = [&](const std::vector<NamedTensor>& tensors) {
    return error_of([&] { write_safetensors(dir / "x", backend, tensors); },
                    ErrorCode::invalid_argument);
  };
  EXPECT_NE(write({{"wte", t}, {"wte", t}}).find("'wte'"), std::string::npos);
  EXPECT_NE(write({{"__metadata__", t}}).find("'__metadata__'"), std::string::npos);
  EXPECT_NE(write({{"\xff", t}}).find("UTF-8"), std::string::npos);
  EXPECT_NE(write({{"wpe", Tensor()}}).find("'wpe'"), std::string::npos);
  EXPECT_TRUE(dir.names().empty());
}

TEST(Safetensors, LoadingNamesTheTensorAndBothShapesOrDtypes) {
  const TempDir dir;
  CopyBackend backend;
  write_safetensors(dir / "x", backend, all_kinds(backend));
  const SafetensorsFile file(dir / "x");
  const auto load = [&](std::string_view name, const Shape& shape, DType dtype) {
    const Tensor dst = empty(backend, shape, dtype);
    return error_of([&] { file.load_into(backend, name, dst); }, ErrorCode::corrupt);
  };
  const std::string prefix = fmt::format("[safetensors] '{}': ", (dir / "x").string());
  EXPECT_EQ(load("float.weight", {3, 2}, DType::f32),
            prefix + "tensor 'float.weight': shape is [2, 3], expected [3, 2]");
  EXPECT_EQ(load("half", {3}, DType::f32), prefix + "tensor 'half': dtype is f16, expected f32");
  EXPECT_EQ(load("lmHead", {3}, DType::f32),
            prefix + "tensor 'lmHead' is missing among the 6 of the file");
}

template<class T>
void expect_found_not_finite(T value) {
  const TempDir dir;
  CopyBackend backend;
  std::vector<T> values(10'000, T(1.0F));
  values.back() = T(-2.0F);
  const Tensor tensor = empty(backend, {100, 100}, dtype_of<T>());
  const Tensor dst = counting(backend, {100, 100}, dtype_of<T>(), 0);
  backend.upload(values.data(), tensor);
  const std::array tensors = {NamedTensor{"w", tensor}};
  write_safetensors(dir / "good", backend, tensors);
  SafetensorsFile(dir / "good").load_into(backend, "w", dst, ValueCheck::finite);
  EXPECT_EQ(bytes_of(backend, dst), bytes_of(backend, tensor));

  values[5'003] = value;
  backend.upload(values.data(), tensor);
  write_safetensors(dir / "bad", backend, tensors);
  const SafetensorsFile bad(dir / "bad");
  const std::string message =
      error_of([&] { bad.load_into(backend, "w", dst, ValueCheck::finite); }, ErrorCode::corrupt);
  EXPECT_NE(message.find("tensor 'w': element 5003 of 10000 is not a finite number"),
            std::string::npos)
      << message;
  EXPECT_NE(bytes_of(backend, dst), bytes_of(backend, tensor)) << "dst must be unchanged";
  bad.load_into(backend, "w", dst);
  EXPECT_EQ(bytes_of(backend, dst), bytes_of(backend, tensor));
}

TEST(Safetensors, ValuesThatAreNotFiniteAreFoundInEveryFloatingDtype) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect_found_not_finite<float>(-inf);
  expect_found_not_finite<float>(nan);
  expect_found_not_finite<double>(std::numeric_limits<double>::quiet_NaN());
  expect_found_not_finite<double>(std::numeric_limits<double>::infinity());
  expect_found_not_finite<BF16>(BF16(nan));
  expect_found_not_finite<BF16>(BF16(-inf));
  expect_found_not_finite<F16>(F16(nan));
  expect_found_not_finite<F16>(F16(inf));
}

TEST(Safetensors, WholeNumbersAreAlwaysFinite) {
  const TempDir dir;
  CopyBackend backend;
  const Tensor ids = empty(backend, {2}, DType::i32);
  const std::array<std::int32_t, 2> values = {-1, 0x7f800000};
  backend.upload(values.data(), ids);
  const std::array tensors = {NamedTensor{"ids", ids}};
  write_safetensors(dir / "x", backend, tensors);
  const SafetensorsFile file(dir / "x");
  EXPECT_NO_THROW(file.require_finite(file.get("ids")));
}

TEST(Safetensors, AMovedFileKeepsItsMapping) {
  const TempDir dir;
  CopyBackend backend;
  const auto tensors = all_kinds(backend);
  write_safetensors(dir / "x", backend, tensors);
  SafetensorsFile first(dir / "x");
  const SafetensorsFile second(std::move(first));
  EXPECT_EQ(bytes_of(second, "half"), bytes_of(backend, tensors[0].tensor));
}

}  // namespace
}  // namespace alpha
