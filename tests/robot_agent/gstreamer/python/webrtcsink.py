"""A stand-in for GStreamer's `webrtcsink`, which Debian does not have: it takes pictures and sound and sends
nothing. GStreamer's loader for Python finds it; everything else of the daemon's media server is its own."""

from typing import ClassVar

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst  # noqa: E402

Gst.init_python()


def _sink(kind):
    return Gst.PadTemplate.new(
        f"{kind}_%u", Gst.PadDirection.SINK, Gst.PadPresence.REQUEST, Gst.Caps.from_string(f"{kind}/x-raw")
    )


class WebRTCSink(Gst.Bin):
    __gstmetadata__ = ("webrtcsink", "Sink", "Takes pictures and sound, sends nothing", "reachy-coach")
    __gsttemplates__ = (_sink("video"), _sink("audio"))
    __gsignals__: ClassVar = {
        "consumer-added": (GObject.SignalFlags.RUN_LAST, None, (str, Gst.Element)),
        "consumer-removed": (GObject.SignalFlags.RUN_LAST, None, (str, Gst.Element)),
        "encoder-setup": (GObject.SignalFlags.RUN_LAST, bool, (str, str, Gst.Element)),
    }
    meta = GObject.Property(type=Gst.Structure)
    run_signalling_server = GObject.Property(type=bool, default=False)

    def do_request_new_pad(self, template, name, caps):
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("async", False)
        self.add(sink)
        sink.sync_state_with_parent()
        name = template.name_template.replace("%u", str(len(self.pads)))
        pad = Gst.GhostPad.new_from_template(name, sink.get_static_pad("sink"), template)
        pad.set_active(True)
        self.add_pad(pad)
        return pad


GObject.type_register(WebRTCSink)
__gstelementfactory__ = ("webrtcsink", Gst.Rank.NONE, WebRTCSink)
