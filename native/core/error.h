#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace hearken {

// The stable codes that HearkenError carries in JS. What the message says: what was wrong, where, what to do.
namespace codes {
inline constexpr const char* kInvalidArg = "ERR_INVALID_ARG";
inline constexpr const char* kAborted = "ERR_ABORTED";
inline constexpr const char* kClosed = "ERR_CLOSED";
inline constexpr const char* kInternal = "ERR_INTERNAL";
inline constexpr const char* kOutOfMemory = "ERR_MEMORY_LIMIT";
inline constexpr const char* kAudioNotFound = "ERR_AUDIO_NOT_FOUND";  // no such file, or not readable
inline constexpr const char* kAudioRead = "ERR_AUDIO_READ";           // the source failed while it was read
inline constexpr const char* kAudioChanged = "ERR_AUDIO_CHANGED";      // the file is not what it was when it was opened
inline constexpr const char* kAudioFormat = "ERR_AUDIO_FORMAT";       // not audio, corrupt beyond use, unsupported
inline constexpr const char* kAudioFfmpeg = "ERR_AUDIO_FFMPEG";       // needs ffmpeg, and there is none
inline constexpr const char* kModelNotFound = "ERR_MODEL_NOT_FOUND";
inline constexpr const char* kModelFormat = "ERR_MODEL_FORMAT";  // wrong kind, truncated, or hostile file
inline constexpr const char* kModelLoad = "ERR_MODEL_LOAD";      // a sound file that still could not be loaded
inline constexpr const char* kDecode = "ERR_DECODE";             // the engine failed on a chunk
}  // namespace codes

class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

}  // namespace hearken
