#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/json.h"

namespace alpha {

/// The folder of the run `run_id` in `root`, which need not exist yet. Error: invalid_argument when
/// the id is none (naming `field`), or when something stands there that is not the folder of an
/// ingested run of this id: a link, a file, a run of a local trainer, a folder with links in it.
std::filesystem::path ingested_run_dir(const std::filesystem::path& root, std::string_view run_id,
                                       std::string_view field);

/// The config.json of an ingested run; null where there is none yet. Error: io, corrupt.
Json ingested_config(const std::filesystem::path& run_dir);

/// Writes config.json, creating the folder. Error: io.
void write_ingested_config(const std::filesystem::path& run_dir, const Json& config);

/// Appends lines in one go, behind the last whole line. Error: io.
void append_lines(const std::filesystem::path& path, const std::vector<Json>& lines);

}  // namespace alpha
