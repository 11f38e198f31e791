#include "alpha/checkpoint/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "alpha/core/hash.h"
#include "alpha/core/json.h"

namespace alpha {

namespace {

constexpr std::string_view kFormat = "alpha-checkpoint";
constexpr std::array kRequiredFiles = {kConfigFile, kModelFile, kTokenizerFile};
constexpr std::array kOptionalFiles = {kOptimizerFile, kTrainerStateFile};

const Json& member(const Json& object, const char* key, std::string_view where) {
  const auto it = object.find(key);
  if (it == object.end()) fail(ErrorCode::corrupt, "{}: field '{}' is missing", where, key);
  return *it;
}

std::uint64_t parse_hex64(const Json& value, std::string_view where) {
  std::uint64_t number = 0;
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, 16);
  if (error != std::errc() || stop != end || text.size() != 16) {
    fail(ErrorCode::corrupt, "{}: field 'xxh3' is no text of 16 hex digits", where);
  }
  return number;
}

FileDigest parse_digest(const Json& value, std::string_view where) {
  if (!value.is_object()) fail(ErrorCode::corrupt, "{}: not an object", where);
  const Json& size = member(value, "size_bytes", where);
  if (!size.is_number_unsigned()) {
    fail(ErrorCode::corrupt, "{}: field 'size_bytes' is no whole number", where);
  }
  return {size.get<std::uint64_t>(), parse_hex64(member(value, "xxh3", where), where)};
}

void check_format_and_version(const Json& json, std::string_view where) {
  const Json& format = member(json, "format", where);
  if (!format.is_string() || format.get<std::string>() != kFormat) {
    fail(ErrorCode::corrupt, "{}: field 'format' is not '{}'", where, kFormat);
  }
  const Json& version = member(json, "version", where);
  if (!version.is_number_unsigned()) {
    fail(ErrorCode::corrupt, "{}: field 'version' is no whole number", where);
  }
  if (version.get<std::uint64_t>() != kManifestVersion) {
    fail(ErrorCode::unsupported, "{}: the format's version is {}, this program reads {}", where,
         version.get<std::uint64_t>(), kManifestVersion);
  }
}

bool is_known(std::string_view name) {
  return std::ranges::count(kRequiredFiles, name) + std::ranges::count(kOptionalFiles, name) > 0;
}

}  // namespace

std::string render_manifest(const Manifest& manifest) {
  Json files = Json::object();
  for (const auto& [name, digest] : manifest.files) {
    files[name] = {{"size_bytes", digest.size_bytes}, {"xxh3", hex64(digest.xxh3)}};
  }
  const Json json = {{"format", kFormat}, {"version", kManifestVersion}, {"files", files}};
  return json.dump(2) + "\n";
}

Manifest parse_manifest(std::string_view text, std::string_view where) {
  if (text.size() > kManifestMaxBytes) {
    fail(ErrorCode::corrupt, "{}: {} bytes long, expected at most {}", where, text.size(),
         kManifestMaxBytes);
  }
  const Json json = parse_json(text, where);
  if (!json.is_object()) fail(ErrorCode::corrupt, "{}: not an object", where);
  check_format_and_version(json, where);
  const Json& files = member(json, "files", where);
  if (!files.is_object()) fail(ErrorCode::corrupt, "{}: field 'files' is not an object", where);
  Manifest manifest;
  for (const auto& [name, digest] : files.items()) {
    if (!is_known(name)) {
      fail(ErrorCode::corrupt, "{}: lists '{}', which is no file of a checkpoint", where, name);
    }
    manifest.files[name] = parse_digest(digest, fmt::format("{}: entry '{}'", where, name));
  }
  for (const std::string_view name : kRequiredFiles) {
    if (!manifest.files.contains(name)) {
      fail(ErrorCode::corrupt, "{}: does not list '{}'", where, name);
    }
  }
  if (render_manifest(manifest) != text) {
    fail(ErrorCode::corrupt, "{}: not laid out as it was written: it was changed afterwards",
         where);
  }
  return manifest;
}

}  // namespace alpha
