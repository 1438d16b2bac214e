"""Exports as WeChat Pay, Alipay and banks write them, made here line by line."""

import csv
import io
from collections.abc import Sequence

WECHAT_HEADINGS = (
    "交易时间", "交易类型", "交易对方", "商品", "收/支", "金额(元)", "支付方式", "当前状态",
    "交易单号",
    "商户单号", "备注",
)  # fmt: skip

Row = Sequence[str]


def csv_text(rows: Sequence[Row], delimiter: str = ",") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def wechat_row(
    ref: str = "4200002345202603021234567801",
    note: str = "转账备注:3-201",
    amount: str = "¥12.60",
    at: str = "2026-03-02 19:05:11",
    payer: str = "冬天的树",
    way: str = "收入",
    state: str = "已存入零钱",
) -> Row:
    return (at, "转账", payer, note, way, amount, "/", state, f"{ref}\t", "/\t", "/")


def wechat(*rows: Row) -> bytes:
    """微信支付账单明细: sixteen lines of preamble, tab-padded numbers, UTF-8 with its mark."""
    empty = ("",) * (len(WECHAT_HEADINGS) - 1)
    preamble = [
        ("微信支付账单明细", *empty),
        ("微信昵称：[业委会收款]", *empty),
        ("起始时间：[2026-03-01 00:00:00] 终止时间：[2026-03-31 23:59:59]", *empty),
        ("导出类型：[全部]", *empty),
        ("导出时间：[2026-04-01 09:12:44]", *empty),
        ("", *empty),
        (f"共{len(rows)}笔记录", *empty),
        ("收入：2笔 25.20元", *empty),
        ("支出：0笔 0.00元", *empty),
        ("中性交易：0笔 0.00元", *empty),
        ("注：", *empty),
        ("1. 充值/提现/理财通购买/零钱通存取/信用卡还款等交易，将计入中性交易", *empty),
        ("2. 本明细仅展示当前账单中的交易，不包括已删除的记录", *empty),
        ("3. 本明细仅供个人对账使用", *empty),
        ("", *empty),
        ("----------------------微信支付账单明细列表--------------------", *empty),
    ]
    return csv_text([*preamble, WECHAT_HEADINGS, *rows]).encode("utf-8-sig")


def alipay(*rows: Row) -> bytes:
    """支付宝交易明细: GBK, a preamble, a comma at the end of each line."""
    headings = (
        "交易时间", "交易分类", "交易对方", "对方账号", "商品说明", "收/支", "金额", "收/付款方式",
        "交易状态", "交易订单号", "商家订单号", "备注", "",
    )  # fmt: skip
    preamble = [("------------------------------------------------------------------------",)]
    preamble += [("导出信息：",), ("姓名：业委会",), ("共2笔记录",)]
    return csv_text([*preamble, headings, *rows]).encode("gbk")


def alipay_row(ref: str, note: str, amount: str = "20.00", state: str = "交易成功") -> Row:
    return (
        "2026-03-05 08:15:00", "转账红包", "李四", "138******00", note, "收入", amount, "账户余额",
        state,
        f"{ref}\t", "\t", "", "",
    )  # fmt: skip


def bank(*rows: Row, encoding: str = "utf-16") -> bytes:
    """A bank's list: two columns for what came and what went, tabs, a line of totals."""
    headings = (
        "序号",
        "交易日期",
        "交易时间",
        "贷方发生额(元)",
        "借方发生额(元)",
        "余额",
        "对方户名",
        "摘要",
        "交易流水号",
    )
    totals = ("合计", "", "", "1,259.00", "35.00", "", "", "", "")
    return csv_text([("账号：6222***1234",), headings, *rows, totals], "\t").encode(encoding)
