#include <cstdint>
#include <string>

#include "tests/checkpoint/support.h"

#include "alpha/core/json.h"
#include "alpha/core/rng.h"

namespace alpha {
namespace {

using test::CopyBackend;
using test::counting;
using test::error_of;
using test::slurp;
using test::spill;
using test::TempDir;

std::string with_length(std::uint64_t length, std::string_view rest) {
  std::string result;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    result += static_cast<char>(length >> shift & 0xffU);
  }
  return result.append(rest);
}

/// The message after the file's name, for a file of `content`.
std::string message_for_file(const std::string& content) {
  const TempDir dir;
  spill(dir / "x", content);
  const std::string message =
      error_of([&] { SafetensorsFile file(dir / "x"); }, ErrorCode::corrupt);
  const std::string prefix = fmt::format("[safetensors] '{}': ", (dir / "x").string());
  EXPECT_TRUE(message.starts_with(prefix)) << message;
  return message.substr(std::min(prefix.size(), message.size()));
}

std::string message_for(const std::string& header, std::size_t n_data_bytes) {
  return message_for_file(with_length(header.size(), header) + std::string(n_data_bytes, 'd'));
}

std::string entry(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":{}}})", dtype, shape, offsets);
}

std::string one(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return fmt::format(R"({{"w":{}}})", entry(dtype, shape, offsets));
}

TEST(MalformedSafetensors, AHeaderLengthThatDoesNotFitTheFileIsRefused) {
  EXPECT_EQ(message_for_file(""), "the file has 0 bytes, a header needs at least 10");
  EXPECT_EQ(message_for_file("1234567"), "the file has 7 bytes, a header needs at least 10");
  EXPECT_EQ(message_for_file(with_length(3, "{}")),
            "the header's length is 3, the file has 2 bytes left");
  EXPECT_EQ(message_for_file(with_length(100'000'001, "{}")),
            "the header's length is 100000001, the format allows 100000000");
  EXPECT_EQ(message_for_file(with_length(~std::uint64_t{0}, "{}")),
            "the header's length is 18446744073709551615, the format allows 100000000");
}

TEST(MalformedSafetensors, AHeaderThatIsNoJsonObjectIsRefused) {
  EXPECT_EQ(message_for("", 0), "the header does not begin with '{'");
  EXPECT_EQ(message_for(" {}", 0), "the header does not begin with '{'");
  EXPECT_EQ(message_for("[]", 0), "the header does not begin with '{'");
  EXPECT_EQ(message_for("{\"w\":", 0), "the header is not valid JSON at its byte 6");
  EXPECT_EQ(message_for("{} {}", 0), "the header is not valid JSON at its byte 4");
  EXPECT_EQ(message_for("{\"\xff\":1}", 0), "the header is not valid JSON at its byte 3");
}

TEST(MalformedSafetensors, DtypesThatAlphaDoesNotHaveAreRefused) {
  EXPECT_EQ(message_for(one("I64", "[1]", "[0,8]"), 8),
            "tensor 'w': dtype is 'I64', expected one of F32, F64, F16, BF16, I32");
  EXPECT_EQ(message_for(one("f32", "[1]", "[0,4]"), 4),
            "tensor 'w': dtype is 'f32', expected one of F32, F64, F16, BF16, I32");
}

TEST(MalformedSafetensors, ShapesThatAreNoShapesAreRefused) {
  EXPECT_EQ(message_for(one("F32", "[2,-3]", "[0,24]"), 24),
            "tensor 'w': field 'shape' has -3 at position 1, expected 0 or more");
  EXPECT_EQ(message_for(one("F32", "[1,1,1,1,1,1,1]", "[0,4]"), 4),
            "tensor 'w': field 'shape' has more than 6 numbers");
  EXPECT_EQ(message_for(one("F32", "[1.5]", "[0,4]"), 4),
            "tensor 'w': field 'shape' has the number 1.5, which does not belong there");
  EXPECT_EQ(message_for(one("F32", "[18446744073709551615]", "[0,4]"), 4),
            "tensor 'w': field 'shape' has the number 18446744073709551615, which does not belong "
            "there");
  EXPECT_EQ(message_for(one("F32", "[[1]]", "[0,4]"), 4),
            "tensor 'w': field 'shape' has a list, which does not belong there");
  EXPECT_EQ(message_for(one("F32", "4", "[0,4]"), 4),
            "tensor 'w': field 'shape' has the number 4, which does not belong there");
}

TEST(MalformedSafetensors, ElementCountsThatOverflowAreRefusedEvenBesideAZero) {
  // 2^62 floats are 2^64 bytes, which is 0 when counted without care.
  EXPECT_EQ(message_for(one("F32", "[4611686018427387904]", "[0,0]"), 0),
            "tensor 'w': shape [4611686018427387904] has too many elements to count");
  EXPECT_EQ(message_for(one("F32", "[4294967296,4294967296]", "[0,0]"), 0),
            "tensor 'w': shape [4294967296, 4294967296] has too many elements to count");
  EXPECT_EQ(message_for(one("F32", "[4294967296,4294967296,0]", "[0,0]"), 0),
            "tensor 'w': shape [4294967296, 4294967296, 0] has too many elements to count");
}

TEST(MalformedSafetensors, OffsetsThatDisagreeWithShapeOrFileAreRefused) {
  EXPECT_EQ(message_for(one("F32", "[2]", "[0,4]"), 4),
            "tensor 'w': data_offsets [0, 4] hold 4 bytes, shape [2] of F32 needs 8");
  EXPECT_EQ(message_for(one("F32", "[0]", "[4,0]"), 4),
            "tensor 'w': data_offsets are [4, 0], the end lies before the begin");
  EXPECT_EQ(message_for(one("F32", "[1]", "[0]"), 4),
            "tensor 'w': data_offsets has 1 numbers, expected 2");
  EXPECT_EQ(message_for(one("F32", "[1]", "[0,4,4]"), 4),
            "tensor 'w': field 'data_offsets' has more than 2 numbers");
  EXPECT_EQ(message_for(one("F32", "[1]", "[-4,0]"), 4),
            "tensor 'w': field 'data_offsets' has -4 at position 0, expected 0 or more");
  EXPECT_EQ(message_for(one("F32", "[2]", "[0,8]"), 7),
            "tensor 'w': its data ends at byte 8, the file's at 7");
  EXPECT_EQ(message_for(one("F32", "[2]", "[0,8]"), 9),
            "the tensors take 8 bytes, the file holds 9");
  EXPECT_EQ(message_for("{}", 1), "the tensors take 0 bytes, the file holds 1");
}

TEST(MalformedSafetensors, GapsAndOverlapsAreRefused) {
  const auto two = [](std::string_view a, std::string_view b) {
    return fmt::format(R"({{"a":{},"b":{}}})", entry("F32", "[1]", a), entry("F32", "[1]", b));
  };
  EXPECT_EQ(message_for(two("[0,4]", "[6,10]"), 10),
            "tensor 'b': its data begins at byte 6, leaving a gap after 4");
  EXPECT_EQ(message_for(two("[2,6]", "[0,4]"), 6),
            "tensor 'a': its data begins at byte 2, inside the tensor that ends at 4");
  EXPECT_EQ(message_for(one("F32", "[1]", "[4,8]"), 8),
            "tensor 'w': its data begins at byte 4, leaving a gap after 0");
}

TEST(MalformedSafetensors, RepeatedNamesAndFieldsAreRefused) {
  const std::string w = entry("F32", "[1]", "[0,4]");
  EXPECT_EQ(message_for(fmt::format(R"({{"w":{0},"w":{0}}})", w), 4),
            "tensor 'w': the name occurs twice");
  EXPECT_EQ(
      message_for(R"({"w":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4),
      "tensor 'w': field 'dtype' occurs twice");
  EXPECT_EQ(message_for(R"({"__metadata__":{"a":"1","a":"2"}})", 0),
            "tensor '__metadata__': field 'a' occurs twice");
}

TEST(MalformedSafetensors, MissingSurplusAndMisplacedFieldsAreRefused) {
  EXPECT_EQ(message_for(R"({"w":{"dtype":"F32","shape":[]}})", 4),
            "tensor 'w': fields are dtype, shape, expected dtype, shape, data_offsets");
  EXPECT_EQ(message_for(R"({"w":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":"y"}})", 4),
            "tensor 'w': field 'x' has the text 'y', which does not belong there");
  EXPECT_EQ(message_for(R"({"w":null})", 0), "tensor 'w': its entry is null, expected an object");
  EXPECT_EQ(message_for(R"({"w":{"dtype":{}}})", 0),
            "tensor 'w': field 'dtype' has an object, which does not belong there");
  EXPECT_EQ(message_for(R"({"__metadata__":{"a":1}})", 0),
            "tensor '__metadata__': field 'a' has the number 1, which does not belong there");
  EXPECT_EQ(message_for(R"({"w":{}})", 0),
            "tensor 'w': fields are , expected dtype, shape, data_offsets");
}

TEST(MalformedSafetensors, DeepNestingAndLongListsEndEarly) {
  const std::string deep(1'000'000, '[');
  EXPECT_EQ(message_for("{\"w\":" + deep, 0),
            "tensor 'w': its entry is a list, expected an object");
  std::string ones = "[1";
  for (int i = 0; i < 100'000; ++i) ones += ",1";
  EXPECT_EQ(message_for(one("F32", ones + "]", "[0,4]"), 4),
            "tensor 'w': field 'shape' has more than 6 numbers");
}

TEST(MalformedSafetensors, TensorsMayStandInAnyOrderAndBeUnaligned) {
  const TempDir dir;
  CopyBackend backend;
  const std::string header =
      fmt::format(R"({{"b":{},"a":{},"empty":{}}})", entry("F32", "[1]", "[2,6]"),
                  entry("F16", "[1]", "[0,2]"), entry("F32", "[0]", "[2,2]"));
  spill(dir / "x", with_length(header.size() + 1, header + " ") + "abcdef");
  const SafetensorsFile file(dir / "x");
  EXPECT_EQ(file.entries()[0].name, "a");
  EXPECT_EQ(file.entries()[1].name, "empty");
  EXPECT_EQ(file.entries()[2].name, "b");
  const Tensor b = empty(backend, {1}, DType::f32);
  file.load_into(backend, "b", b, ValueCheck::finite);
  EXPECT_EQ(test::bytes_of(backend, b), "cdef");
}

std::string small_file() {
  const TempDir dir;
  CopyBackend backend;
  const std::vector<NamedTensor> tensors = {{"a", counting(backend, {2, 3}, DType::f32, 0)},
                                            {"b", counting(backend, {3}, DType::bf16, 9)}};
  write_safetensors(dir / "x", backend, tensors, {{"k", "v"}});
  return slurp(dir / "x");
}

TEST(MalformedSafetensors, AFileCutOffAnywhereIsRefused) {
  const std::string content = small_file();
  for (std::size_t size = 0; size < content.size(); ++size) {
    EXPECT_FALSE(message_for_file(content.substr(0, size)).empty()) << size;
  }
}

/// Opens a damaged file and touches all that it gives access to. Any Error is fine.
void open_and_read(const std::filesystem::path& path, std::size_t file_size) {
  try {
    const SafetensorsFile file(path);
    for (const SafetensorsEntry& entry : file.entries()) {
      ASSERT_LE(file.bytes(entry).size(), file_size);
      file.require_finite(entry);
    }
  } catch (const Error&) {
    return;
  }
}

TEST(MalformedSafetensors, NoChangeOfOneByteReachesBeyondTheFile) {
  const TempDir dir;
  const std::string content = small_file();
  for (std::size_t i = 0; i < content.size(); ++i) {
    for (const char replacement : {'\0', '\xff', '9', '-', '"', '{', ']', ' '}) {
      std::string damaged = content;
      damaged[i] = replacement;
      spill(dir / "x", damaged);
      open_and_read(dir / "x", content.size());
    }
  }
}

TEST(MalformedSafetensors, NoRandomDamageReachesBeyondTheFile) {
  const TempDir dir;
  const std::string content = small_file();
  SeededRng rng(7);
  const auto below = [&](std::size_t n) {
    return static_cast<std::size_t>(rng.next() * static_cast<double>(n));
  };
  for (int round = 0; round < 3'000; ++round) {
    std::string damaged = content;
    for (std::size_t n = 1 + below(6); n > 0; --n) {
      damaged[below(damaged.size())] = content[below(content.size())];
    }
    damaged.resize(damaged.size() - below(3) * below(20));
    spill(dir / "x", damaged);
    open_and_read(dir / "x", content.size());
  }
}

}  // namespace
}  // namespace alpha
