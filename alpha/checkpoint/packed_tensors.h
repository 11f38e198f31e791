#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "alpha/checkpoint/safetensors.h"
#include "alpha/tensor/packed_matrix.h"

namespace alpha {

// How packed matrices lie in a safetensors file (docs/formats/packed.md): each as `<name>.values`
// and, for integers, `<name>.scales`; the file's metadata says which format they have.

/// The format of the packed matrices of a file, none when its matrices are plain. Error: corrupt
/// for an unknown name.
std::optional<WeightFormat> packed_format(const SafetensorsFile& file);

/// Error(unsupported): the weights of `file`, of the checkpoint at `path`, are packed.
void require_plain(const SafetensorsFile& file, const std::filesystem::path& path);

/// The metadata that `packed_format` reads.
SafetensorsMetadata packed_metadata(WeightFormat format);

void append_packed(const std::string& name, const PackedMatrix& matrix,
                   std::vector<NamedTensor>& to);

/// Fills a matrix of the right size and format. Error: corrupt, naming the tensor: missing, another
/// shape or dtype, a number or scale that is not finite.
void load_packed(const SafetensorsFile& file, Backend& backend, const std::string& name,
                 const PackedMatrix& to);

}  // namespace alpha
