# SPDX-License-Identifier: MIT
"""CUDA on mapped memory, without a copy. On a machine without CUDA, on the fake of its driver library."""

import ctypes
import gc
import os
import threading

import pmb
import pytest
from conftest import headless
from support import GL_TEXTURE_2D, publish, run_python

KDL_CUDA = 2
# Once it is loaded, it is what pmb gets for libcuda.so.1.
FAKE = ctypes.CDLL(os.environ["PMB_FAKE_CUDA"]) if "PMB_FAKE_CUDA" in os.environ else None
NEEDS_FAKE = pytest.mark.skipif(FAKE is None, reason="PMB_FAKE_CUDA does not name the fake of CUDA")
GL = ctypes.CDLL("libOpenGL.so.0")


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device", ctypes.c_int32),
                ("dimensions", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64)]


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Managed(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", DELETER)]


class Versioned(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p), ("deleter", DELETER),
                ("flags", ctypes.c_uint64), ("tensor", Tensor)]


get_pointer, set_name = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_SetName
get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
set_name.argtypes = [ctypes.py_object, ctypes.c_char_p]
KINDS = {b"dltensor": Managed, b"dltensor_versioned": Versioned}


class Consumer:
    """Takes the array out of a capsule, as torch.from_dlpack() does."""

    def __init__(self, array, name=b"dltensor_versioned", **arguments):
        if name == b"dltensor_versioned":
            arguments["max_version"] = (1, 0)
        self.managed = None
        capsule = array.__dlpack__(**arguments)
        self.address = get_pointer(capsule, name)
        self.used_name = b"used_" + name                        # the capsule does not copy it
        set_name(capsule, self.used_name)
        self.managed = KINDS[name].from_address(self.address)

    @property
    def tensor(self):
        return self.managed.tensor

    @property
    def shape(self):
        return tuple(self.tensor.shape[:self.tensor.dimensions])

    @property
    def strides(self):
        return tuple(self.tensor.strides[:self.tensor.dimensions])

    def read(self, size):
        """Pinned memory has one address for the CPU and CUDA."""
        return ctypes.string_at(self.tensor.data, size)

    def delete(self):
        if self.managed:
            self.managed.deleter(self.address)
        self.managed = None

    __del__ = delete


def open_cuda(context):
    try:
        return pmb.Cuda(context, context.gpu.cuda_device or 0)
    except pmb.Unsupported as error:
        pytest.skip(str(error))


@pytest.fixture
def cuda(context):
    return open_cuda(context)


@pytest.fixture
def frame(context):
    """Grabs an image of a new texture: a function of the grabber."""
    pool = pmb.UploadRing(context, 1 << 16)

    def grab(grabber, value=7, width=5, height=3):
        texture = make_texture(width, height)
        region = pmb.TextureRegion(texture, GL_TEXTURE_2D, width, height)
        slice = publish(pool, bytes([value]) * (4 * width * height))
        pmb.upload_texture(context, region, pmb.TexelLayout.rgba8, slice)
        pool.retire(slice, context.timeline.mark())
        grabber.grab(region)
        return grabber.next(0)

    return grab


def make_texture(width, height):
    name, rgba8 = ctypes.c_uint(), 0x8058
    GL.glGenTextures(1, ctypes.byref(name))
    GL.glBindTexture(GL_TEXTURE_2D, name)
    GL.glTexStorage2D(GL_TEXTURE_2D, 1, rgba8, width, height)
    return name.value


def make_buffer(size):
    name, array_buffer, static_draw = ctypes.c_uint(), 0x8892, 0x88E4
    GL.glGenBuffers(1, ctypes.byref(name))
    GL.glBindBuffer(array_buffer, name)
    GL.glBufferData(array_buffer, ctypes.c_ssize_t(size), None, static_draw)
    return name.value


def view_of(memory):
    return (ctypes.c_char * len(memoryview(memory))).from_buffer(memory)


def test_an_array_is_the_same_bytes(context, cuda):
    ring = pmb.UploadRing(context, 4096)
    slice = ring.acquire(64)
    address = ctypes.addressof(view_of(slice))
    assert cuda.pointer(slice) == address and cuda.device == (context.gpu.cuda_device or 0)
    array = cuda.array(slice)
    assert array.__cuda_array_interface__ == {"version": 3, "shape": (64,), "typestr": "|u1", "data": (address, False),
                                              "strides": None, "stream": None}
    assert array.__dlpack_device__() == (KDL_CUDA, cuda.device)


@pytest.mark.parametrize("name", KINDS)
def test_a_capsule_describes_the_array(context, cuda, name):
    ring = pmb.UploadRing(context, 4096)
    slice = ring.acquire(64)
    slice.fill(9)
    taken = Consumer(cuda.array(slice), name)
    tensor = taken.tensor
    assert (tensor.data, tensor.device_type, tensor.device) == (cuda.pointer(slice), KDL_CUDA, cuda.device)
    assert (tensor.code, tensor.bits, tensor.lanes, tensor.byte_offset) == (1, 8, 1, 0)
    assert taken.shape == (64,) and taken.strides == (1,) and taken.read(64) == b"\x09" * 64
    if name == b"dltensor_versioned":
        assert (taken.managed.major, taken.managed.minor, taken.managed.flags) == (1, 0, 0)
    taken.delete()


def test_every_kind_of_memory_has_an_array(context, cuda):
    readbacks, uploads = pmb.ReadbackRing(context, 4096), pmb.UploadRing(context, 4096)
    slice = publish(uploads, b"slice" * 4)
    assert Consumer(cuda.array(slice)).read(20) == b"slice" * 4         # published, for CUDA to use
    pending = readbacks.request(slice.buffer, slice.offset_bytes, 20)
    assert Consumer(cuda.array(pending)).shape == (20,)
    uploads.retire(context.timeline.mark())
    view = pending.wait()
    assert Consumer(cuda.array(view)).read(20) == b"slice" * 4
    assert cuda.pointer(view) == cuda.pointer(pending)
    buffer = pmb.MappedBuffer(context, 4096)
    assert Consumer(cuda.array(buffer)).shape == (4096,)
    pool = pmb.BlockPool(context, 256, 1)
    block = pool.acquire()
    memoryview(block)[:5] = b"block"
    assert Consumer(cuda.array(block)).read(5) == b"block"
    pool.publish(block, 5)
    assert Consumer(cuda.array(block)).shape == (5,)
    for other in b"bytes", context, None:
        with pytest.raises(TypeError):
            cuda.array(other)


@pytest.mark.parametrize("layout, typestr, code, bits, shape", [
    ("rgba8", "|u1", 1, 8, (3, 5, 4)), ("rgb8", "|u1", 1, 8, (3, 5, 3)), ("r8", "|u1", 1, 8, (3, 5)),
    ("rgba16f", "<f2", 2, 16, (3, 5, 4)), ("rgba32f", "<f4", 2, 32, (3, 5, 4)),
])
def test_a_frame_has_its_shape(context, cuda, frame, layout, typestr, code, bits, shape):
    taken = frame(pmb.FrameGrabber(context, layout=getattr(pmb.TexelLayout, layout)))
    array = cuda.array(taken)
    interface = array.__cuda_array_interface__
    assert interface["shape"] == shape and interface["typestr"] == typestr
    consumer = Consumer(array)
    assert (consumer.shape, consumer.tensor.code, consumer.tensor.bits) == (shape, code, bits)
    assert consumer.strides == ((shape[1] * shape[2], shape[2], 1) if len(shape) == 3 else (shape[1], 1))
    assert consumer.read(taken.size_bytes) == bytes(taken)


def test_a_signed_type_and_gaps(context, cuda, frame):
    rgba, byte, unsigned_byte = 0x1908, 0x1400, 0x1401
    signed = cuda.array(frame(pmb.FrameGrabber(context, layout=pmb.TexelLayout(rgba, byte))))
    assert signed.__cuda_array_interface__["typestr"] == "|i1" and Consumer(signed).tensor.code == 0
    gaps = frame(pmb.FrameGrabber(context, layout=pmb.TexelLayout(rgba, unsigned_byte, row_stride_bytes=32)))
    assert cuda.array(gaps).__cuda_array_interface__["shape"] == (gaps.size_bytes,)


def test_a_tensor_keeps_the_pixels_of_a_released_frame(context, cuda, frame):
    grabber = pmb.FrameGrabber(context, frames=2)
    with frame(grabber, 7) as taken:
        tensor = Consumer(cuda.array(taken))
    for use in cuda.array, cuda.pointer:
        with pytest.raises(BufferError):
            use(taken)
    for value in range(20, 30):
        frame(grabber, value).release()
    assert tensor.read(60) == b"\x07" * 60 and grabber.stats().held == 1
    tensor.delete()
    assert grabber.stats().held == 0


def test_a_tensor_outlives_everything(context, cuda):
    before = context.mapped_bytes
    ring = pmb.UploadRing(context, 4096)
    tensor = Consumer(cuda.array(publish(ring, b"kept" * 16)))
    ring.close()
    del ring
    gc.collect()
    assert context.mapped_bytes > before and tensor.read(64) == b"kept" * 16
    tensor.delete()
    assert context.mapped_bytes == before


def test_a_tensor_ends_on_another_thread_after_its_context():
    context = headless()
    cuda = open_cuda(context)
    tensor = Consumer(cuda.array(publish(pmb.UploadRing(context, 4096), b"late" * 16)))
    context.close()
    assert tensor.read(64) == b"late" * 16
    thread = threading.Thread(target=tensor.delete)
    thread.start()
    thread.join()


def test_a_capsule_that_nobody_takes_frees_its_array(context, cuda):
    before = context.mapped_bytes
    buffer = pmb.MappedBuffer(context, 4096)
    capsule = cuda.array(buffer).__dlpack__(stream=-1)
    buffer.destroy()
    assert context.mapped_bytes > before
    del capsule
    assert context.mapped_bytes == before


def test_what_has_ended_has_no_array(context, cuda):
    ring = pmb.UploadRing(context, 4096)
    slice = publish(ring, b"x" * 64)
    ring.retire(slice, context.timeline.mark())
    pending = pmb.ReadbackRing(context, 4096).acquire(64)
    pending.release()
    buffer = pmb.MappedBuffer(context, 4096)
    buffer.destroy()
    for ended in slice, pending, buffer:
        with pytest.raises(pmb.StaleHandle):
            cuda.array(ended)
    with cuda.array(pmb.MappedBuffer(context, 4096)) as array:
        pass
    for use in array.__dlpack__, lambda: array.__cuda_array_interface__:
        with pytest.raises(BufferError):
            use()


def test_a_ring_that_may_free_bytes_refuses_while_tensors_have_them(context, cuda):
    readbacks = pmb.ReadbackRing(context, 4096, max_capacity_bytes=65536)
    pending = readbacks.acquire(64)
    tensor = Consumer(cuda.array(pending))
    with pytest.raises(BufferError, match="may grow"):
        pending.release()
    tensor.delete()
    pending.release()
    uploads = pmb.UploadRing(context, 4096, max_capacity_bytes=65536)
    slice = publish(uploads, b"x" * 64)
    tensor = Consumer(cuda.array(slice))
    with pytest.raises(BufferError, match="may grow"):
        uploads.retire(context.timeline.mark())
    tensor.delete()
    uploads.retire(context.timeline.mark())


def test_what_a_capsule_cannot_be_is_refused(context, cuda):
    array = cuda.array(pmb.MappedBuffer(context, 4096))
    for arguments in {"copy": True}, {"dl_device": (1, 0)}, {"dl_device": (KDL_CUDA, 99)}:
        with pytest.raises(BufferError):
            array.__dlpack__(**arguments)
    Consumer(array, dl_device=(KDL_CUDA, cuda.device), copy=False, stream=1).delete()


def test_other_threads_are_refused(context, cuda):
    ring = pmb.UploadRing(context, 4096)
    array, raised = cuda.array(ring.acquire(64)), []

    def use():
        for call in cuda.order, array.__dlpack__, lambda: cuda.array(ring.acquire(64)):
            try:
                call()
            except pmb.WrongContext as error:
                raised.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert len(raised) == 3


def test_without_cuda_the_error_says_so():
    assert "Unsupported" in run_python("""
import os, pmb
try:
    pmb.Cuda(pmb.Context.headless(), 99)
except pmb.Unsupported as error:
    print(type(error).__name__, error)
""")


# --- what only the fake shows ---

@pytest.fixture
def fake():
    """With the primary context current, as a CUDA library of Python has it."""
    primary = ctypes.c_void_p()
    assert FAKE.cuInit(0) == 0 and FAKE.cuDevicePrimaryCtxRetain(ctypes.byref(primary), 0) == 0
    FAKE.cuCtxPushCurrent_v2(primary)
    yield FAKE
    FAKE.fake_cuda_serve_buffers(None, ctypes.c_size_t(0))
    FAKE.cuCtxPopCurrent_v2(ctypes.byref(primary))
    FAKE.cuDevicePrimaryCtxRelease_v2(0)


def launch(fake, name, pointer, value, size, stream=None):
    """A kernel on units of 16 bytes."""
    module, function = ctypes.c_void_p(), ctypes.c_void_p()
    image = ctypes.c_char_p(name)
    assert fake.cuModuleLoadData(ctypes.byref(module), image) == 0
    assert fake.cuModuleGetFunction(ctypes.byref(function), module, name) == 0
    parameters = [ctypes.c_uint64(pointer), ctypes.c_uint64(value), ctypes.c_uint64(size // 16)]
    addresses = (ctypes.c_void_p * 3)(*(ctypes.addressof(parameter) for parameter in parameters))
    assert fake.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream, addresses, None) == 0


@NEEDS_FAKE
def test_a_kernel_and_the_cpu_have_the_same_bytes(context, cuda, fake):
    buffer = pmb.MappedBuffer(context, 4096, pmb.Access.bidirectional)
    launch(fake, b"pmb_write", Consumer(cuda.array(buffer)).tensor.data, 5, 4096)
    cuda.order()
    assert memoryview(buffer).cast("I")[1000] == 1005


@NEEDS_FAKE
@pytest.mark.parametrize("stream", [None, 0, 1])
def test_a_capsule_orders_the_stream_where_gl_may_still_write(context, cuda, fake, stream):
    """The fake runs work late; without a GL context on its device, order() waits for the stream on the CPU."""
    buffer = pmb.MappedBuffer(context, 4096, pmb.Access.bidirectional)
    array = cuda.array(buffer)
    launch(fake, b"pmb_write", cuda.pointer(buffer), 5, 4096)
    array.__dlpack__(stream=-1)
    assert memoryview(buffer).cast("I")[1000] != 1005
    array.__dlpack__(stream=stream)
    assert memoryview(buffer).cast("I")[1000] == 1005


@NEEDS_FAKE
def test_a_frame_needs_no_order(context, cuda, fake, frame):
    taken = frame(pmb.FrameGrabber(context))
    launch(fake, b"pmb_write", cuda.pointer(taken), 5, 48)
    cuda.array(taken).__dlpack__()
    assert bytes(taken)[:4] == b"\7\7\7\7"
    cuda.order()
    assert bytes(taken)[:4] == b"\5\0\0\0"


@NEEDS_FAKE
def test_a_buffer_in_vram_is_mapped_for_a_block(context, fake):
    vram = ctypes.create_string_buffer(4096)
    fake.fake_cuda_serve_buffers(vram, ctypes.c_size_t(4096))
    cuda = pmb.Cuda(context)
    assert cuda.orders_on_gpu
    with pmb.CudaBuffer(cuda, make_buffer(4096)) as buffer:
        with buffer.map() as array:
            assert array.__cuda_array_interface__["data"] == (ctypes.addressof(vram), False)
            tensor = Consumer(array)
            assert tensor.shape == (4096,) and buffer.size_bytes == 4096
            launch(fake, b"pmb_write", tensor.tensor.data, 3, 4096)
            with pytest.raises(pmb.GlError):
                buffer.map()
        assert ctypes.c_uint.from_buffer(vram, 4000).value == 1003, "unmapped, so that GL is after the kernel"
        with pytest.raises(BufferError):
            array.__dlpack__()
        with pytest.raises(pmb.GlError):
            buffer.unmap()
        second = buffer.map()
        buffer.unmap()
        with pytest.raises(BufferError):
            second.__cuda_array_interface__
        tensor.delete()
    with pytest.raises(pmb.StaleHandle):
        buffer.map()
    mapped = pmb.MappedBuffer(context, 4096)
    with pytest.raises(pmb.Refused):
        pmb.CudaBuffer(cuda, mapped.buffer)


@NEEDS_FAKE
def test_a_buffer_in_vram_stays_registered_while_a_tensor_has_it(context, fake):
    vram = ctypes.create_string_buffer(4096)
    fake.fake_cuda_serve_buffers(vram, ctypes.c_size_t(4096))
    cuda = pmb.Cuda(context)
    before = fake.fake_cuda_live_objects()
    buffer = pmb.CudaBuffer(cuda, make_buffer(4096))
    tensor = Consumer(buffer.map())
    buffer.close()
    del buffer
    assert fake.fake_cuda_live_objects() == before + 1
    tensor.delete()
    assert fake.fake_cuda_live_objects() == before


@NEEDS_FAKE
def test_a_buffer_of_another_gl_context_is_refused(context, cuda, fake):
    assert not cuda.orders_on_gpu
    with pytest.raises(pmb.GlError) as caught:
        pmb.CudaBuffer(cuda, make_buffer(64))
    assert caught.value.id == "cuda_failed"


# --- PyTorch and CuPy, on a GPU ---

@pytest.fixture(params=["torch", "cupy"])
def library(request):
    found = pytest.importorskip(request.param)
    if FAKE or not found.cuda.is_available():
        pytest.skip("no CUDA device here")
    return found


def current_stream(library):
    return library.cuda.current_stream().cuda_stream if library.__name__ == "torch" else library.cuda.get_current_stream().ptr


def test_a_library_computes_in_place(context, cuda, library):
    buffer = pmb.MappedBuffer(context, 4096, pmb.Access.bidirectional)
    memoryview(buffer)[:] = bytes(range(256)) * 16
    of_interface = library.asarray if library.__name__ == "cupy" else lambda array: library.as_tensor(array, device="cuda")
    for make in library.from_dlpack, of_interface:
        tensor = make(cuda.array(buffer))
        assert tensor.shape == (4096,) and (library.__name__ != "torch" or tensor.is_cuda)
        tensor += 1
        del tensor
    cuda.order(current_stream(library))
    context.timeline.mark().wait()
    assert bytes(buffer) == bytes((i + 2) % 256 for i in range(256)) * 16


def test_a_rendered_frame_becomes_a_tensor(context, cuda, frame, library):
    grabber = pmb.FrameGrabber(context)
    for value in range(10):
        with frame(grabber, value, 64, 48) as taken:
            tensor = library.from_dlpack(cuda.array(taken))
            assert tensor.shape == (48, 64, 4) and int(tensor.sum()) == value * 48 * 64 * 4
            del tensor
            cuda.order(current_stream(library))
