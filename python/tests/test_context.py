# SPDX-License-Identifier: MIT
"""Contexts of other libraries, options, callbacks and facts."""

import ctypes
import ctypes.util
import gc
import os
import subprocess
import sys

import pmb
import pytest
from conftest import headless, no_gl
from support import GL_RGBA, GL_TEXTURE_2D, GL_UNSIGNED_BYTE, TREE, publish


@pytest.fixture
def moderngl_context():
    moderngl = pytest.importorskip("moderngl")
    try:
        made = moderngl.create_context(standalone=True, backend="egl")
    except Exception as error:
        no_gl(str(error))
    yield made
    made.release()


def test_the_context_of_moderngl_is_opened(moderngl_context):
    buffer = moderngl_context.buffer(reserve=1024)
    with pmb.Context.from_current() as context:
        pmb.upload(context, buffer.glo, 0, bytes(range(256)))
        assert buffer.read(256) == bytes(range(256))
        ring = pmb.ReadbackRing(context, 4096)
        pending = ring.request(buffer.glo, 10, 3)
        context.timeline.mark()
        with pending.wait() as view:
            assert bytes(view) == b"\n\v\f"


def test_textures_and_pixels_of_moderngl(moderngl_context):
    size, pixels = (4, 2), bytes(range(32))
    texture = moderngl_context.texture(size, 4)
    layout = pmb.TexelLayout(GL_RGBA, GL_UNSIGNED_BYTE)
    region = pmb.TextureRegion(texture.glo, GL_TEXTURE_2D, *size)
    framebuffer = moderngl_context.framebuffer([texture])
    framebuffer.use()
    rectangle = pmb.PixelRectangle(*size)
    with pmb.Context.from_current() as context:
        pmb.upload_texture(context, region, layout, pixels).wait()
        assert texture.read() == pixels
        assert pmb.read_texture(context, region, layout) == pmb.read_pixels(context, rectangle, layout) == pixels
        slice = publish(pmb.UploadRing(context, 4096), pixels[::-1])
        assert pmb.upload_texture(context, region, layout, slice) is None
        target = bytearray(pmb.texel_bytes(region, layout))
        pmb.read_pixels(context, rectangle, layout, target)
        assert target == pixels[::-1]
        pool, ring = pmb.BlockPool(context, 64, 1, pmb.Access.read), pmb.ReadbackRing(context, 4096)
        block = pool.acquire()
        pmb.read_texture(context, region, layout, block)
        pending = pmb.read_pixels(context, rectangle, layout, ring)
        ticket = context.timeline.mark()
        assert bytes(pool.wait_view(block, ticket))[:32] == bytes(pending.wait()) == pixels[::-1]


def test_the_context_of_pyopengl_is_opened(make_context):
    pytest.importorskip("OpenGL")
    program = """
import os
os.environ["PYOPENGL_PLATFORM"] = "egl"
import pmb
from OpenGL import GL
owner = pmb.Context.headless()
buffer = GL.glGenBuffers(1)
GL.glBindBuffer(GL.GL_ARRAY_BUFFER, buffer)
GL.glBufferData(GL.GL_ARRAY_BUFFER, 64, None, GL.GL_STATIC_DRAW)
with pmb.Context.from_current() as context:
    pmb.upload(context, buffer, 0, bytes(range(64)))
assert bytes(GL.glGetBufferSubData(GL.GL_ARRAY_BUFFER, 0, 64)) == bytes(range(64))
"""
    make_context()
    run = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_glx_context_of_a_glfw_window_is_opened():
    program = """
import ctypes, pmb
glfw = ctypes.CDLL("libglfw.so.3")
glfw.glfwCreateWindow.restype = ctypes.c_void_p
glfw.glfwMakeContextCurrent.argtypes = [ctypes.c_void_p]
assert glfw.glfwInit()
window = glfw.glfwCreateWindow(64, 64, b"", None, None)
assert window
glfw.glfwMakeContextCurrent(window)
assert ctypes.CDLL("libGL.so.1").glXGetCurrentContext()
with pmb.Context.from_current() as context:
    ring = pmb.UploadRing(context, 4096)
    with ring.acquire(3) as slice:
        slice.copy_from(b"abc")
    assert pmb.download(context, slice.buffer, slice.offset_bytes, 3) == b"abc"
glfw.glfwTerminate()
"""
    if not ctypes.util.find_library("glfw"):
        pytest.skip("GLFW is not installed")
    under_x = TREE / "tests/package/run_neighbour.sh"
    run = subprocess.run([under_x, sys.executable, "-B", "-c", program], capture_output=True, text=True)
    if run.returncode == 77:
        pytest.skip(run.stdout)
    assert run.returncode == 0, run.stderr


def test_a_python_function_is_a_loader(context):
    egl = ctypes.CDLL("libEGL.so.1")
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    asked = []

    def load(name):
        asked.append(name)
        return egl.eglGetProcAddress(name.encode())

    with pmb.Context.from_current(load) as again:
        assert again.driver.renderer == context.driver.renderer
    assert "glGetString" in asked


def test_the_exception_of_a_loader_arrives(context):
    def load(name):
        raise KeyError(name)

    with pytest.raises(KeyError):
        pmb.Context.from_current(load)
    with pytest.raises(pmb.Unsupported) as caught:
        pmb.Context.from_current(lambda name: None)
    assert caught.value.id == "loader_failed"


def test_without_a_current_context_there_is_a_sentence(context):
    context.release_current()
    with pytest.raises(pmb.WrongContext) as caught:
        pmb.Context.from_current()
    assert caught.value.id == "no_current_context"
    context.make_current()


def test_a_gpu_is_chosen_by_index_or_name(make_context):
    make_context()
    gpus = pmb.list_gpus()
    assert make_context(gpu=gpus[-1].index).gpu.index == gpus[-1].index
    assert gpus[-1].name in make_context(gpu=gpus[-1].name).gpu.name
    with pytest.raises(pmb.InvalidArgument):
        pmb.Context.headless("no such GPU")
    gles = make_context(gles=True)
    assert gles.limits.gles and gles.limits.gl_major >= 3


def test_limits_driver_and_plan_are_known(context):
    assert (context.limits.gl_major, context.limits.gl_minor) >= (3, 1)
    assert context.driver.renderer and context.driver.kind
    plan = context.plan(pmb.Access.read, 1 << 20, gpu_reads=2)
    assert (plan.access, plan.size_bytes, plan.gpu_reads) == (pmb.Access.read, 1 << 20, 2)
    assert str(plan) == plan.describe() and "read" in str(plan)
    assert context.has_extension("GL_KHR_debug") and not context.has_extension("GL_NO_such")
    assert not context.lost and context.mapped_bytes <= context.memory_limit_bytes


def test_options_force_a_path_and_a_model(make_context):
    context = make_context(options=pmb.Options(path=pmb.Path.traditional, copy_threads=1))
    ring = pmb.UploadRing(context, 4096)
    assert pmb.download(context, publish(ring, b"abc").buffer, 0, 3) == b"abc"
    context = make_context(options=pmb.Options(model=pmb.Model.explicit_flush))
    ring = pmb.UploadRing(context, 4096)
    publish(ring, bytes(64))
    assert ring.stats().flushes == 1


def test_validation_reports_both_lines_of_the_program(make_context):
    reports = []
    context = make_context(options=pmb.Options(validation=reports.append))
    ring = pmb.UploadRing(context, 4096, label="late")
    slice = ring.acquire(64); acquired = sys._getframe().f_lineno
    array = memoryview(slice)
    ring.publish(slice)
    assert slice.buffer
    array[3] = 1
    context.timeline.mark(); noticed = sys._getframe().f_lineno
    assert [(report.id, report.label) for report in reports] == [("written_after_publish", "late")]
    here = os.path.basename(__file__)
    assert f"{here}:{acquired}" in str(reports[0]) and f"{here}:{noticed}" in str(reports[0])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_callback_may_fail_but_not_call_pmb(make_context):
    context, raised = None, []

    def report(_):
        for call in context.timeline.mark, ticket.wait, lambda: pmb.wait_any([ticket]), pmb.Context.headless, pmb.Context.from_current:
            try:
                call()
            except RuntimeError as error:
                raised.append(error)
        raise KeyError("in a callback")

    context = make_context(options=pmb.Options(validation=report))
    ring, ticket = pmb.UploadRing(context, 4096), context.timeline.mark()
    with pytest.raises(pmb.StaleHandle):
        retire_twice(ring, context)
    assert len(raised) == 5


def retire_twice(ring, context):
    slice = publish(ring, bytes(64))
    ring.retire(slice, context.timeline.mark())
    ring.retire(slice, context.timeline.mark())


def test_the_log_receives_lines(make_context):
    lines = []
    context = make_context(options=pmb.Options(log=lambda level, line: lines.append((level, line))))
    egl = ctypes.CDLL("libEGL.so.1")
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    bind_buffer = ctypes.CFUNCTYPE(None, ctypes.c_uint, ctypes.c_uint)(egl.eglGetProcAddress(b"glBindBuffer"))
    bind_buffer(GL_RGBA, 0)  # no buffer target: GL notes an error
    pmb.MappedBuffer(context, 4096)
    assert [level for level, line in lines if "GL error 0x500" in line] == [pmb.LogLevel.warning]


def test_a_context_dropped_with_everything_on_it_is_closed(context):
    before = context.mapped_bytes
    other = headless()
    ring = pmb.UploadRing(other, 1 << 20)
    assert context.mapped_bytes == before + (1 << 20)
    del other, ring
    gc.collect()
    assert context.mapped_bytes == before
