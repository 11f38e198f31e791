#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alpha::helios {

/// Which of several ways to compute something is the fastest on a device: measured once, and kept
/// in a file for the next process. It is for ways that give the same bits: which is chosen depends
/// on the weather. Safe to use from several threads.
class Tuner {
 public:
  /// Runs a candidate, and tells what it took on the device, in seconds; infinity for one that must
  /// not be chosen.
  using Measure = std::function<double(std::size_t candidate)>;

  /// What was chosen for a key that this process asked for.
  struct Choice {
    std::string key;
    std::string name;
    std::vector<double> seconds = {};  // of each candidate; empty: not measured by this one
  };

  struct Report {
    std::vector<Choice> choices;  // by key
    double seconds = 0;           // that measuring took
  };

  /// One that is not on always chooses the first candidate. `device` names device and driver. An
  /// empty `cache_folder` keeps nothing on disk; a file there that is damaged or another device's
  /// is passed over.
  Tuner(bool is_on, const std::filesystem::path& cache_folder, std::string device);

  /// Writes the file, if there is anything new. Of processes that end at once the last one wins.
  ~Tuner();
  Tuner(const Tuner&) = delete;
  Tuner& operator=(const Tuner&) = delete;

  bool is_on() const noexcept { return is_on_; }

  /// The number of the fastest candidate. Where it is not known they are measured, in turns; who
  /// asks meanwhile gets the first. So do all where `measure` throws, until the process ends; a
  /// device that is lost is told. Error: device_lost.
  std::size_t choose(const std::string& key, std::span<const std::string_view> candidates,
                     const Measure& measure);

  Report report() const;

 private:
  struct Entry {
    std::string name;
    std::vector<double> seconds = {};
    bool is_kept = false;    // in the file
    bool is_wanted = false;  // by this process
  };

  void load();
  void save() const noexcept;

  const bool is_on_;
  const std::string device_;
  std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // by mutex_, as what follows
  double seconds_ = 0;
  bool is_new_ = false;  // is there anything that the file does not have
};

}  // namespace alpha::helios
