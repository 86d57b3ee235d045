#pragma once

#include <functional>
#include <memory>
#include <string>

#include "audio/decoder.h"

namespace hearken {

// Decoders for whatever an installed ffmpeg reads. Each throws kAudioFfmpeg where there is none, kAudioFormat where it
// finds no audio. The file: by its path, so that ffmpeg can seek in it; `opened` is called each time that ffmpeg has
// opened it. The bytes: given to ffmpeg's input as they come.
std::unique_ptr<Decoder> openFfmpegFile(const std::string& path, const std::string& ffmpeg,
                                        std::function<void()> opened, CancelToken& cancel);
std::unique_ptr<Decoder> openFfmpegPipe(std::unique_ptr<ByteReader> reader, const std::string& ffmpeg,
                                        CancelToken& cancel);
// For containers that must be seeked in, such as MP4 with its index at the end.
std::unique_ptr<Decoder> openFfmpegBytes(const uint8_t* data, size_t size, const std::string& ffmpeg,
                                         CancelToken& cancel);

}  // namespace hearken
