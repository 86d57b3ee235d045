// Compiles the vendored decoders, once, without our warnings (see CMakeLists.txt). Everything but the decoders proper
// is left out, and what they define is static as far as they let us.
#include "audio/third_party_decoders.h"

#include <cstring>

#define MA_API static
#define MA_PRIVATE static
#define MA_NO_DEVICE_IO
#define MA_NO_THREADING
#define MA_NO_RESOURCE_MANAGER
#define MA_NO_NODE_GRAPH
#define MA_NO_ENGINE
#define MA_NO_GENERATION
#define MA_NO_ENCODING
#define MA_NO_WAV
#define MA_DR_MP3_FLOAT_OUTPUT
#define MINIAUDIO_IMPLEMENTATION
#include "miniaudio.h"

#define STB_VORBIS_NO_STDIO
#define STB_VORBIS_NO_PULLDATA_API
#define STB_VORBIS_NO_INTEGER_CONVERSION
#include "stb_vorbis.c"

namespace hearken {
namespace {

size_t flacRead(void* user, void* out, size_t n) {
  return static_cast<FlacInput*>(user)->read(out, n);
}
ma_bool32 flacSeek(void* user, int offset, ma_dr_flac_seek_origin origin) {
  const int whence = origin == MA_DR_FLAC_SEEK_SET ? SEEK_SET : origin == MA_DR_FLAC_SEEK_CUR ? SEEK_CUR : SEEK_END;
  return static_cast<FlacInput*>(user)->seek(offset, whence);
}
ma_bool32 flacTell(void* user, ma_int64* cursor) {
  *cursor = static_cast<FlacInput*>(user)->tell();
  return MA_TRUE;
}

ma_dr_flac* flac(void* p) {
  return static_cast<ma_dr_flac*>(p);
}
stb_vorbis* vorbis(void* p) {
  return static_cast<stb_vorbis*>(p);
}

}  // namespace

std::unique_ptr<FlacCore> FlacCore::open(FlacInput& input) {
  std::unique_ptr<FlacCore> core(new FlacCore);
  core->flac_ = ma_dr_flac_open(flacRead, flacSeek, flacTell, &input, nullptr);
  return core->flac_ ? std::move(core) : nullptr;
}
FlacCore::~FlacCore() {
  if (flac_) ma_dr_flac_close(flac(flac_));
}
int FlacCore::sampleRate() const {
  return static_cast<int>(flac(flac_)->sampleRate);
}
int FlacCore::channels() const {
  return flac(flac_)->channels;
}
uint64_t FlacCore::frames() const {
  return flac(flac_)->totalPCMFrameCount;
}
size_t FlacCore::read(float* out, size_t frames) {
  return ma_dr_flac_read_pcm_frames_f32(flac(flac_), frames, out);
}
bool FlacCore::seek(uint64_t frame) {
  return ma_dr_flac_seek_to_pcm_frame(flac(flac_), frame);
}

struct Mp3Core::State {
  ma_dr_mp3dec decoder;
};
Mp3Core::Mp3Core() : state_(new State) {
  reset();
}
Mp3Core::~Mp3Core() = default;
void Mp3Core::reset() {
  std::memset(&state_->decoder, 0, sizeof(state_->decoder));
  ma_dr_mp3dec_init(&state_->decoder);
}
int Mp3Core::decode(const uint8_t* frame, int bytes, float* out, int& channels) {
  ma_dr_mp3dec_frame_info info{};
  const int samples = ma_dr_mp3dec_decode_frame(&state_->decoder, frame, bytes, out, &info);
  channels = info.channels;
  return samples;
}

// It gets its memory as one block: so a bad header leaks nothing (it forgets some of what it allocates there), a
// hostile one cannot ask for more than the largest block, and the block can be counted.
std::unique_ptr<VorbisCore> VorbisCore::open(const uint8_t* headers, int bytes) {
  for (int size : {1 << 19, 1 << 21, 1 << 23, 1 << 25}) {
    std::unique_ptr<VorbisCore> core(new VorbisCore);
    core->memory_ = Buffer(MemoryKind::kAudio, static_cast<size_t>(size));
    const stb_vorbis_alloc block{static_cast<char*>(core->memory_.data()), size};
    int used = 0, error = 0;
    core->vorbis_ = stb_vorbis_open_pushdata(headers, bytes, &used, &error, &block);
    if (core->vorbis_) return core;
    if (error != VORBIS_outofmem) return nullptr;
  }
  return nullptr;
}
VorbisCore::~VorbisCore() {
  if (vorbis_) stb_vorbis_close(vorbis(vorbis_));
}
int VorbisCore::sampleRate() const {
  return static_cast<int>(stb_vorbis_get_info(vorbis(vorbis_)).sample_rate);
}
int VorbisCore::channels() const {
  return stb_vorbis_get_info(vorbis(vorbis_)).channels;
}
void VorbisCore::flush() {
  stb_vorbis_flush_pushdata(vorbis(vorbis_));
}
int VorbisCore::decode(const uint8_t* data, int bytes, float*** out, int& samples) {
  int channels = 0;
  samples = 0;
  return stb_vorbis_decode_frame_pushdata(vorbis(vorbis_), data, bytes, &channels, out, &samples);
}

}  // namespace hearken
